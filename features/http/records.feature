Feature: What was ordered, by whom, and whether devices have it
  Specification, "Configuration History" and "Audit Logging"; contract, section 7.

  Background:
    Given a cabinet on the floor

  @cap-history @req-HIST-1
  Scenario: Every change of a configuration is tracked, the newest first
    Given the operator has saved
      """
      {"smibConfig": {"coms": {"comsMode": 1}}}
      """
    And the operator has saved
      """
      {"smibConfig": {"coms": {"comsMode": 2, "comsAddr": 7}}}
      """
    When the operator reads the cabinet's history
    Then its newest entry changed
      | coms | comsMode | 1    | 2 |
      | coms | comsAddr | null | 7 |
    And the entry before it changed
      | coms | comsMode | null | 1 |

  @cap-history @req-HIST-1 @req-SECRET-3
  Scenario: A password leaves its trace in the history, and not itself
    Given the operator has saved
      """
      {"smibConfig": {"net": {"netStaPwd": "first-secret"}, "mqtt": {"mqttURI": "mqtt://floor:second-secret@mq.example"}}}
      """
    When the operator reads the cabinet's history
    Then no "first-secret" stands in the answer
    And no "second-secret" stands in the answer
    And its newest entry changed
      | net  | netStaPwd | null | "***"                             |
      | mqtt | mqttURI   | null | "mqtt://floor:***@mq.example"     |

  @cap-history @req-HIST-2
  Scenario: A configuration is rolled back, stored and sent
    Given its SMIB is connected
    When the operator saves
      """
      {"smibConfig": {"coms": {"comsMode": 1, "comsAddr": 7}}}
      """
    And the operator saves
      """
      {"smibConfig": {"coms": {"comsMode": 2, "comsAddr": 8}}}
      """
    And the operator rolls back by 1
    Then the operator is told that it succeeded
    And "smibConfig.coms" is stored as
      """
      {"comsMode": 1, "comsAddr": 7}
      """
    And the only updates of "coms" that the SMIB receives are, in this order
      """
      {"comsMode": 1, "comsAddr": 7}
      {"comsMode": 2, "comsAddr": 8}
      {"comsMode": 1, "comsAddr": 7}
      """

  @cap-history @req-INT-64
  Scenario: What an earlier configuration does not name stays, and the answer says so
    Given its SMIB is connected
    When the operator saves
      """
      {"smibConfig": {"coms": {"comsMode": 1}}}
      """
    And the operator saves
      """
      {"smibConfig": {"coms": {"comsMode": 2, "comsGPC": 9}}}
      """
    And the operator rolls back by 1
    Then the answer holds
      """
      {"success": true, "kept": ["coms.comsGPC"]}
      """
    And "smibConfig.coms" is stored as
      """
      {"comsMode": 1, "comsGPC": 9}
      """

  @cap-history @req-INT-62
  Scenario: What is ordered twice is sent twice, and is one configuration
    Given its SMIB is connected
    When the operator saves
      """
      {"smibConfig": {"coms": {"comsMode": 1}}}
      """
    And the operator saves
      """
      {"smibConfig": {"coms": {"comsMode": 1}}}
      """
    And the operator reads the cabinet's history
    Then its newest entry changed
      | coms | comsMode | null | 1 |
    And the only updates of "coms" that the SMIB receives are, in this order
      """
      {"comsMode": 1}
      {"comsMode": 1}
      """

  @cap-history @req-HIST-2
  Scenario: A revision that never was can't be rolled back to
    When the operator rolls back to revision 4711
    Then the request is refused with 404

  @cap-history @req-AUDIT-1
  Scenario: The audit trail tells what was ordered, when and from where
    Given the operator has saved
      """
      {"smibConfig": {"coms": {"comsMode": 1}}, "machineControl": "LOCK MACHINE"}
      """
    When the operator reads the cabinet's audit trail
    Then its newest entry holds
      """
      {"action": "order", "command": "LOCK MACHINE", "after": {"coms": {"comsMode": 1}}, "address": "127.0.0.1"}
      """

  @cap-history @req-AUDIT-1 @req-SECRET-3
  Scenario: No password stands in the audit trail
    Given the operator has saved
      """
      {"smibConfig": {"net": {"netStaPwd": "first-secret"}, "mqtt": {"mqttPassword": "second-secret"}}}
      """
    When the operator reads the cabinet's audit trail
    Then the operator is told that it succeeded
    And no "first-secret" stands in the answer
    And no "second-secret" stands in the answer

  @cap-drift @req-DRIFT-1 @req-INT-61
  Scenario: A device that reports something else than was ordered is told of, and one that was never heard is not judged
    Given its SMIB is connected
    And the operator has saved
      """
      {"smibConfig": {"coms": {"comsMode": 1}}}
      """
    Then the cabinet is in step: not known
    When the SMIB answers its "coms" settings
      """
      {"comsMode": 1, "comsAddr": 1, "comsRateMs": 200, "comsRTE": 0, "comsGPC": 0}
      """
    Then the cabinet is in step: yes
    When the SMIB answers its "coms" settings
      """
      {"comsMode": 2, "comsAddr": 1, "comsRateMs": 200, "comsRTE": 0, "comsGPC": 0}
      """
    Then the cabinet is in step: no
    And it differs in "comsMode", ordered 1 and reported 2

  @cap-drift @req-INT-60
  Scenario: What means the same to the device is no difference
    Given its SMIB is connected
    And the operator has saved
      """
      {"smibConfig": {"mqtt": {"mqttSubTopic": "sas/relay/"}, "net": {"netStaPwd": "password123"}}}
      """
    When the SMIB answers its "net" settings
      """
      {"netMode": 1, "netStaSSID": "Casino_WiFi", "netStaPwd": "***", "netStaChan": 1}
      """
    And the SMIB answers its "mqtt" settings with its own topic spelled out
    Then the cabinet is in step: yes

  @cap-drift @req-INT-63
  Scenario: A device that falls back to its last network is out of step, and what it confirmed is not sent again
    Given its SMIB is connected
    When the operator saves
      """
      {"smibConfig": {"net": {"netStaSSID": "Annex", "netStaChan": 6}}}
      """
    And the SMIB answers its "net" settings
      """
      {"netMode": 1, "netStaSSID": "Annex", "netStaPwd": "***", "netStaChan": 6}
      """
    Then the cabinet is in step: yes
    When the SMIB answers its "net" settings
      """
      {"netMode": 1, "netStaSSID": "Annex", "netStaPwd": "***", "netStaChan": 1}
      """
    Then the cabinet is in step: no
    And it differs in "netStaChan", ordered 6 and reported 1
    And the only updates of "net" that the SMIB receives are, in this order
      """
      {"netStaSSID": "Annex", "netStaChan": 6}
      """

  @cap-drift @req-DRIFT-2
  Scenario: What a device does not have is ordered again
    Given its SMIB is connected
    And the operator has saved
      """
      {"smibConfig": {"coms": {"comsMode": 1}}}
      """
    When the SMIB answers its "coms" settings
      """
      {"comsMode": 1, "comsAddr": 1, "comsRateMs": 200, "comsRTE": 0, "comsGPC": 0}
      """
    Then the cabinet is in step: yes
    When the SMIB answers its "coms" settings
      """
      {"comsMode": 2, "comsAddr": 1, "comsRateMs": 200, "comsRTE": 0, "comsGPC": 0}
      """
    Then the cabinet is in step: no
    When the operator orders again what was ordered
    Then the only updates of "coms" that the SMIB receives are, in this order
      """
      {"comsMode": 1}
      {"comsMode": 1}
      """

  @cap-inventory @req-CAB-3
  Scenario: A cabinet is found by a part of its relay id, in any case
    When the operator looks for the last 6 digits of its relay id, in upper case
    Then the cabinet, and nothing that is not like it, is listed

  @cap-inventory @req-CAB-3
  Scenario: The cabinets of a location are listed together
    When the operator gets "/api/cabinets?location=main%20floor"
    Then the cabinet is listed, in "Main Floor" and with its relay id
    When the operator gets "/api/cabinets?location=Nowhere"
    Then the answer holds
      """
      {"success": true, "data": []}
      """

  @cap-docs @req-INT-52
  Scenario: The service describes itself
    When the operator gets "/openapi.json"
    Then it describes every endpoint of the specification
    When the operator gets "/docs"
    Then it is a page that loads nothing from another host

  @cap-inventory @req-INT-66
  Scenario: An import may be larger than any other body
    When somebody imports what is no list of cabinets, of 100 KiB
    Then the request is refused with 400
    When somebody posts over 64 KiB to the smib-config endpoint
    Then the request is refused with 413
