Feature: Several operators at one cabinet
  Contract, section 6: a conflicting edit is told of; what each asked for is what he gets.

  Background:
    Given a cabinet on the floor
    And its SMIB is connected

  @cap-revisions @req-API-6 @req-INT-51
  Scenario: Two operators edit the same state; the second is told, reads again and saves
    When the operator reads the stored settings
    And another operator saves meanwhile
      """
      {"smibConfig": {"coms": {"comsMode": 1}}}
      """
    And the operator saves over what was read
      """
      {"smibConfig": {"coms": {"comsMode": 2}}}
      """
    Then the request is refused with 409
    And "smibConfig.coms" is stored as
      """
      {"comsMode": 1}
      """
    When the operator reads the stored settings
    And the operator saves over what was read
      """
      {"smibConfig": {"coms": {"comsMode": 2}}}
      """
    Then the operator is told that it succeeded
    And "smibConfig.coms" is stored as
      """
      {"comsMode": 2}
      """

  @cap-revisions @req-API-6 @req-API-5
  Scenario: Of an edit that comes too late nothing is sent, not even its command
    When the operator saves over revision "0"
      """
      {"smibConfig": {"coms": {"comsMode": 2}}, "machineControl": "RESTART"}
      """
    Then the request is refused with 409
    And the SMIB has received nothing at all

  @cap-revisions @req-API-19 @req-API-6
  Scenario: Ten operators save over the same state at once, and one of them wins
    When the operator reads the stored settings
    And 10 operators save over it at once, each his own value
    Then one of them succeeded, and every other was told of the conflict
    And the value of the one that succeeded is stored, and the only one that was sent

  @req-INT-51
  Scenario: Whoever does not say what he read saves over anything
    When the operator reads the stored settings
    And another operator saves meanwhile
      """
      {"smibConfig": {"coms": {"comsMode": 1, "comsAddr": 7}}}
      """
    And the operator saves
      """
      {"smibConfig": {"coms": {"comsMode": 2}}}
      """
    Then the operator is told that it succeeded
    And "smibConfig.coms" is stored as
      """
      {"comsMode": 2, "comsAddr": 7}
      """

  @cap-revisions @req-INT-51
  Scenario: A revision that is none is refused
    When the operator saves over revision "yesterday"
      """
      {"smibConfig": {"coms": {"comsMode": 2}}}
      """
    Then the request is refused with 400
    And the error names "If-Match"
    And the SMIB has received nothing at all

  @req-API-2 @req-API-19
  Scenario: Many edits of different fields at once all count
    When 5 operators save different fields of "coms" at once
    Then "smibConfig.coms" is stored as
      """
      {"comsMode": 1, "comsAddr": 11, "comsRateMs": 111, "comsRTE": 1, "comsGPC": 111}
      """

  @cap-wait @req-API-18
  Scenario: Several operators wait for several answers, and each gets his own
    When five operators wait for one component each, and the SMIB answers in the other order
    Then each of them was given the component that he asked for

  @cap-wait @req-API-18
  Scenario: An answer of another SMIB is nobody's answer here
    Given another cabinet on the floor
    And the SMIB of the other cabinet is connected
    When an operator waits for the "net" settings, and the other SMIB answers first
    Then he was given the settings of his own
