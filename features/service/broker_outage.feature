Feature: The broker goes away and comes back
  Contract, sections 5 and 6.

  Background:
    Given a broker of its own
    And a CMS of its own
    And the CMS is ready
    And a cabinet on the floor
    And its SMIB is connected

  @req-SVC-2 @req-SVC-3
  Scenario: The CMS comes back by itself, and streams that were open work on
    Given an operator watches the cabinet
    When the broker goes away
    And the CMS has noticed that the broker is away
    And the broker comes back
    And the CMS is ready again
    And its SMIB connects again
    And the SMIB reports the event "GAME_PLAYED"
    Then the stream shows the event "GAME_PLAYED"
    When the operator asks for the "net" settings
    Then the SMIB is asked for its "net" settings, and told nothing else

  @req-SVC-4
  Scenario: What can't be sent now is refused, and never sent later
    When the broker goes away
    And the CMS has noticed that the broker is away
    And the operator asks for the "net" settings
    Then the request is refused with 503
    When the operator publishes
      """
      {"typ": "cfg", "comp": "coms", "comsMode": 2}
      """
    Then the request is refused with 503
    When the operator tests the broker with
      """
      {"action": "publish", "relayId": "RELAY"}
      """
    Then the request is refused with 503
    When the broker comes back, and lets the SMIB in before the CMS
    And the CMS is ready again
    Then the SMIB has received nothing at all

  @req-QUEUE-1 @req-QUEUE-2
  Scenario: What is saved meanwhile is stored, and sent when the broker is back, the newest value of each field
    When the broker goes away
    And the CMS has noticed that the broker is away
    And the operator saves
      """
      {"smibConfig": {"coms": {"comsMode": 1, "comsAddr": 9}}}
      """
    Then the operator is told that it succeeded
    And the answer holds
      """
      {"mqttSent": false, "queued": true}
      """
    And "smibConfig.coms" is stored as
      """
      {"comsMode": 1, "comsAddr": 9}
      """
    When the operator saves
      """
      {"smibConfig": {"coms": {"comsMode": 2}}}
      """
    And the broker comes back, and lets the SMIB in before the CMS
    And the CMS is ready again
    Then the only updates of "coms" that the SMIB receives are, in this order
      """
      {"comsMode": 2, "comsAddr": 9}
      """

  @req-QUEUE-3
  Scenario: A command that was given meanwhile is sent if the broker is back soon
    When the broker goes away
    And the CMS has noticed that the broker is away
    And the operator orders "LOCK MACHINE"
    Then the answer holds
      """
      {"mqttSent": false, "queued": true}
      """
    When the broker comes back, and lets the SMIB in before the CMS
    Then the SMIB receives the command "LOCK MACHINE" with the action "lock_machine"

  @req-QUEUE-4
  Scenario: What waits for the broker survives the loss of the CMS's power
    When the broker goes away
    And the CMS has noticed that the broker is away
    And the operator saves
      """
      {"smibConfig": {"coms": {"comsMode": 2}}}
      """
    And the power of the CMS is cut and comes back
    And the CMS has noticed that the broker is away
    And the broker comes back, and lets the SMIB in before the CMS
    Then the SMIB receives an update of "coms" with
      """
      {"comsMode": 2}
      """
    And "smibConfig.coms" is stored as
      """
      {"comsMode": 2}
      """
