"""What can be asked with GraphQL, and the one thing that can be ordered with it (contract, section 7)."""

SDL = '''
"""Any JSON value."""
scalar JSON

type Query {
  """Cabinets by id, from the one behind `after` on; `first` is at most 1000."""
  cabinets(
    q: String, location: String, online: Boolean, drift: Boolean, first: Int! = 50, after: ID
  ): [Cabinet!]!
  cabinet(id: ID!): Cabinet
  """The figures of the floor, as GET /api/monitoring has them."""
  floor: JSON!
  """The figures of the service."""
  service: JSON!
  templates: [Template!]!
  """Orders to many cabinets, newest first; `first` is at most 200."""
  batches(first: Int! = 20): [Batch!]!
  batch(id: ID!): Batch
}

type Mutation {
  """Order configuration, or a machine command, of one cabinet; `ifRevision` guards against a lost edit."""
  order(
    cabinetId: ID!, smibConfig: JSON, smibVersion: JSON, machineControl: String, ifRevision: Int
  ): Ordered!
}

"""A machine. Secrets are `***`."""
type Cabinet {
  id: ID!
  relayId: String!
  name: String!
  location: String!
  assetNumber: String!
  serialNumber: String!
  game: String!
  smibConfig: JSON!
  smibVersion: JSON!
  revision: Int!
  updatedAt: String!
  online: Boolean!
  lastSeen: String
  firmware: String
  """What its SMIB last reported of each field."""
  reported: JSON!
  """Whether it reports what was ordered; null where that is not known."""
  inStep: Boolean
  differences: [Difference!]!
  """Every configuration that was ordered, newest first; `first` is at most 1000."""
  history(first: Int! = 10): [Revision!]!
}

type Difference {
  component: String!
  field: String!
  ordered: JSON
  reported: JSON
  at: String
}

type Revision {
  revision: Int!
  at: String!
  action: String!
  user: String!
  changes: JSON!
  smibConfig: JSON!
  smibVersion: JSON!
  orders: JSON!
}

type Template {
  name: ID!
  version: Int!
  at: String!
  user: String!
  note: String!
  smibConfig: JSON!
}

type Batch {
  id: ID!
  state: String!
  user: String!
  at: String!
  endedAt: String
  order: JSON!
  selection: JSON!
  total: Int!
  counts: JSON!
  """How far it is at each cabinet; null in a list of batches."""
  cabinets: JSON
}

type Ordered {
  cabinet: Cabinet!
  """The broker acknowledged everything."""
  mqttSent: Boolean!
  """Something waits in the outbox."""
  queued: Boolean!
}
'''
