Feature: Relay ids
  Contract, section 1. A relay id is a SMIB's MAC address; one that could address other topics is refused.

  @req-ID-1
  Scenario Outline: The CMS matches a relay id whatever its case and the blanks around it
    Given a SMIB with the relay id "e831cdfa8<tail>" is connected
    And an operator watches the relay "<written>"
    When the operator asks for the "net" settings of relay "<written>"
    Then the operator is told that it succeeded
    And the SMIB is asked for its "net" settings, and told nothing else
    When the SMIB reports the event "GAME_PLAYED"
    Then the stream shows the event "GAME_PLAYED"

    Examples:
      | tail | written |
      | 3a1  | E831CDFA83A1 |
      | 3a2  | e831CDfa83a2 |
      | 3a3  | \\tE831cdfa83a3\\u0020 |

  @req-ID-1
  Scenario: A SMIB that spells its own id in upper case is heard
    Given a cabinet on the floor
    And its SMIB is connected
    And an operator watches the cabinet
    When the SMIB reports in upper case the event "GAME_PLAYED"
    Then the stream shows a message of the type "GAME_PLAYED"

  @req-ID-2 @req-INT-02
  Scenario Outline: The CMS accepts the ids of foreign systems
    Given a SMIB with the relay id "<relay id>" is connected
    And an operator watches the relay "<relay id>"
    When the operator asks for the "net" settings of relay "<relay id>"
    Then the operator is told that it succeeded
    And the SMIB is asked for its "net" settings, and told nothing else
    When the SMIB reports the event "GAME_PLAYED"
    Then the stream shows the event "GAME_PLAYED"

    Examples:
      | relay id                                                         |
      | x                                                                |
      | Slot_17:A.b-2                                                    |
      | A123456789b123456789c123456789d123456789e123456789f123456789wxyz |

  @req-ID-3 @req-ID-4
  Scenario Outline: An id that could address other topics is refused everywhere, and nothing is published
    Given everything on the broker is observed
    When the operator uses the relay id <relay id> at every endpoint that takes one
    Then each of them refuses it with 400
    And nothing was sent to any SMIB

    Examples:
      | relay id                |
      | "e831cdfa8384/config"   |
      | "e831cdfa8384/"         |
      | "/"                     |
      | "+"                     |
      | "#"                     |
      | "e831cdfa8384\\u0000"    |
      | "e831cdfa8384\\n"        |
      | "e831\\r\\ncdfa8384"      |
      | ""                      |
      | "   "                   |
      | "e831 cdfa8384"         |
      | "é831cdfa8384"          |
      | "$SYS"                  |
      | an id of 65 characters  |

  @req-ID-3 @req-HTTP-2
  Scenario Outline: A relay id that is no text is refused
    Given everything on the broker is observed
    When the operator uses the relay id <value> in every body that takes one
    Then each of them refuses it with 400
    And nothing was sent to any SMIB

    Examples:
      | value            |
      | 831000008384     |
      | true             |
      | null             |
      | ["e831cdfa8384"] |
      | {"id": "x"}      |
