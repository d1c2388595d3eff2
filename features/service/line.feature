Feature: The line between the CMS and its broker
  Contract, sections 2 and 5: what the CMS sends is judged on its own connection, which may be cut, slow or dead.

  Background:
    Given a cabinet on the floor
    And its SMIB is connected
    And the line between the CMS and its broker

  @req-SVC-11
  Scenario: The connection is kept alive every minute
    Given the CMS is ready
    Then on the line the CMS said that it keeps its connection alive every 60 s

  @req-TOPIC-11 @req-TOPIC-7
  Scenario: A request is sent at QoS 0
    When the operator asks for the "net" settings
    Then on the line the CMS sends at QoS 0, not retained
      """
      {"typ": "cfg", "comp": "net"}
      """

  @req-TOPIC-11 @req-TOPIC-7
  Scenario: An update that is saved is sent at QoS 1
    When the operator saves
      """
      {"smibConfig": {"coms": {"comsMode": 2}}}
      """
    Then on the line the CMS sends at QoS 1, not retained
      """
      {"typ": "cfg", "comp": "coms", "comsMode": 2}
      """

  @req-TOPIC-11 @req-TOPIC-7
  Scenario: An update that is published is sent at QoS 1
    When the operator publishes
      """
      {"typ": "cfg", "comp": "coms", "comsMode": 1}
      """
    Then on the line the CMS sends at QoS 1, not retained
      """
      {"typ": "cfg", "comp": "coms", "comsMode": 1}
      """

  @req-TOPIC-11 @req-TOPIC-7
  Scenario Outline: A command is sent at QoS 1
    When the operator orders "<command>"
    Then on the line the CMS sends at QoS 1, not retained
      """
      {"command": "<command>"}
      """

    Examples:
      | command        |
      | RESTART        |
      | LOCK MACHINE   |
      | UNLOCK MACHINE |

  @req-MSG-7
  Scenario: What is called sent is what a slow broker has acknowledged
    Given everything comes 0.4 s late from the broker
    When the operator saves
      """
      {"smibConfig": {"coms": {"comsMode": 1}}, "machineControl": "LOCK MACHINE"}
      """
    Then the operator is told that it succeeded
    And the answer holds
      """
      {"mqttSent": true}
      """

  @req-SVC-2 @req-SVC-3
  Scenario: A line that is cut is made again, and streams that were open work on
    Given an operator watches the cabinet
    When the line is cut
    And the CMS is ready again
    And the SMIB reports the event "GAME_PLAYED" until the stream shows it
    And the operator asks for the "net" settings
    Then the SMIB is asked for its "net" settings, and told nothing else

  @req-ROUTE-3
  Scenario: On a slow line the messages of one SMIB keep their order
    Given an operator watches the cabinet
    And everything comes 0.3 s late in both directions
    When the SMIB reports 20 games in a row
    Then the stream shows 20 games in the order in which they were played

  @req-ROUTE-5
  Scenario: A report that is garbled on the line is passed over
    Given an operator watches the cabinet
    And the next report to the CMS is garbled on the line
    When the SMIB reports the event "GAME_PLAYED"
    And the SMIB reports the event "GAME_LOST"
    Then the stream shows the event "GAME_LOST" first
    And that really happened

  @req-ROUTE-5
  Scenario: A report that is lost on the line does not hold up the next
    Given an operator watches the cabinet
    And the next report to the CMS is lost on the line
    When the SMIB reports the event "GAME_PLAYED"
    And the SMIB reports the event "GAME_LOST"
    Then the stream shows the event "GAME_LOST" first
    And that really happened

  @req-SVC-3
  Scenario: What comes while the line is dead is shown when it heals
    Given an operator watches the cabinet
    When the line goes dead, and neither end is told
    And the SMIB reports the event "GAME_PLAYED"
    And the line heals
    Then the stream shows the event "GAME_PLAYED"
