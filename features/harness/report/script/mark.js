// A verdict as a letter on its colour.

const LETTERS = { pass: "P", "non-strict": "N", fail: "F", "not-applicable": "A", untestable: "U", error: "E", unchecked: "–" };
const VERDICTS = Object.keys(LETTERS);

function mark(verdict, known, facts = {}, tag = "span") {
  const named = known ? `${verdict}, as known` : verdict;
  const names = `mark v-${verdict}${known ? " known" : ""}`;
  return make(tag, { class: names, title: named, "aria-label": named, role: tag === "span" ? "img" : undefined, ...facts,
    text: LETTERS[verdict] });
}
