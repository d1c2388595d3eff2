Feature: Ordering a cabinet's configuration
  Specification, endpoints 1 and 2; contract, section 6.

  Background:
    Given a cabinet on the floor

  @req-API-1
  Scenario: What an operator saves is stored, sent and answered
    Given its SMIB is connected
    When the operator saves
      """
      {"smibConfig": {"coms": {"comsMode": 1}, "net": {"netMode": 1, "netStaSSID": "Casino_WiFi"},
                      "mqtt": {"mqttURI": "mqtt.casino.com"}},
       "smibVersion": {"firmware": "1.0.0"}}
      """
    Then the operator is told that it succeeded
    And the answer holds
      """
      {"mqttSent": true}
      """
    And "data.smibConfig.coms" of the answer holds
      """
      {"comsMode": 1}
      """
    And the SMIB receives an update of "coms" with
      """
      {"comsMode": 1}
      """
    And the SMIB receives an update of "net" with
      """
      {"netMode": 1, "netStaSSID": "Casino_WiFi"}
      """
    And the SMIB receives an update of "mqtt" with
      """
      {"mqttURI": "mqtt.casino.com"}
      """
    And "smibConfig.mqtt" is stored as
      """
      {"mqttURI": "mqtt.casino.com"}
      """
    And "smibVersion" is stored as
      """
      {"firmware": "1.0.0"}
      """

  @req-API-2
  Scenario: A part is merged into what is stored, by component and field
    Given the operator has saved
      """
      {"smibConfig": {"coms": {"comsMode": 1, "comsAddr": 5}, "net": {"netStaSSID": "Old_WiFi"}}}
      """
    When the operator saves
      """
      {"smibConfig": {"coms": {"comsMode": 2}}}
      """
    Then the operator is told that it succeeded
    And "smibConfig.coms" is stored as
      """
      {"comsMode": 2, "comsAddr": 5}
      """
    And "smibConfig.net" is stored as
      """
      {"netStaSSID": "Old_WiFi"}
      """

  @req-API-2
  Scenario: Saving a version alone orders nothing of the SMIB
    Given its SMIB is connected
    When the operator saves
      """
      {"smibVersion": {"firmware": "2.1.0"}}
      """
    Then the operator is told that it succeeded
    And "smibVersion" is stored as
      """
      {"firmware": "2.1.0"}
      """
    And the SMIB has received nothing at all

  @req-API-3 @req-CMD-9
  Scenario Outline: A machine control command goes to the SMIB in the contract's form
    Given its SMIB is connected
    When the operator orders "<command>"
    Then the operator is told that it succeeded
    And the answer holds
      """
      {"mqttSent": true}
      """
    And the SMIB receives the command "<command>" with the action "<action>"

    Examples:
      | command        | action         |
      | RESTART        | restart        |
      | LOCK MACHINE   | lock_machine   |
      | UNLOCK MACHINE | unlock_machine |

  @req-API-4
  Scenario: The stored configuration is read with the relay id and the version
    Given the operator has saved
      """
      {"smibConfig": {"coms": {"comsMode": 0}}, "smibVersion": {"firmware": "1.0.0"}}
      """
    When the operator reads the stored settings
    Then the operator is told that it succeeded
    And "data" of the answer holds
      """
      {"relayId": "RELAY", "smibVersion": {"firmware": "1.0.0"}}
      """
    And "data.smibConfig.coms" of the answer holds
      """
      {"comsMode": 0}
      """

  @req-SECRET-1
  Scenario: No password stands in an answer, neither to who saves nor to who reads
    When the operator saves
      """
      {"smibConfig": {"net": {"netStaSSID": "New_WiFi", "netStaPwd": "password123"},
                      "mqtt": {"mqttURI": "mqtt://floor:hidden-one@mq.example:1883", "mqttPassword": "hidden-two"}}}
      """
    Then the operator is told that it succeeded
    And no "password123" stands in the answer
    And no "hidden-one" stands in the answer
    And no "hidden-two" stands in the answer
    When the operator reads the stored settings
    Then no "password123" stands in the answer
    And no "hidden-one" stands in the answer
    And no "hidden-two" stands in the answer
    When the operator reads the MQTT settings
    Then no "password123" stands in the answer
    And no "hidden-one" stands in the answer
    And no "hidden-two" stands in the answer
    And "password123" stands nowhere in the log of the CMS
    And "hidden-one" stands nowhere in the log of the CMS
    And "hidden-two" stands nowhere in the log of the CMS

  @req-INT-42
  Scenario: Saving what was read sends no masked password to the SMIB
    Given the operator has saved
      """
      {"smibConfig": {"net": {"netStaSSID": "New_WiFi", "netStaPwd": "password123"},
                      "mqtt": {"mqttURI": "mqtt://floor:hidden@mq.example:1883"}}}
      """
    And its SMIB is connected
    When the operator reads the stored settings
    And the operator saves again what was read
    Then the operator is told that it succeeded
    And the SMIB receives an update of "net" with
      """
      {"netStaSSID": "New_WiFi"}
      """
    And no "***" stands in what the SMIB received

  @req-API-5 @req-HTTP-2
  Scenario Outline: One bad value, and nothing is stored or sent
    Given the operator has saved
      """
      {"smibConfig": {"coms": {"comsMode": 1}}}
      """
    And the stored settings are noted
    And its SMIB is connected
    When somebody posts to the smib-config endpoint <body>
    Then the request is refused with 400
    And the error names "<field>"
    And the stored settings are as noted
    And the SMIB has received nothing at all

    Examples:
      | body                                                                           | field          |
      | {"smibConfig": {"coms": {"comsMode": 7}}}                                      | comsMode       |
      | {"smibConfig": {"coms": {"comsMode": "0"}}}                                    | comsMode       |
      | {"smibConfig": {"coms": {"comsMode": true}}}                                   | comsMode       |
      | {"smibConfig": {"coms": {"comsColour": 1}}}                                    | comsColour     |
      | {"smibConfig": {"wifi": {"netStaChan": 1}}}                                    | wifi           |
      | {"smibConfig": {"coms": [1]}}                                                  | coms           |
      | {"smibConfig": []}                                                             | smibConfig     |
      | {"smibConfig": {"app": {"version": "9"}}}                                      | version        |
      | {"smibConfig": {"net": {"netStaPwd": "short"}}}                                | netStaPwd      |
      | {"smibConfig": {"coms": {"comsMode": 2}, "net": {"netStaChan": 15}}}           | netStaChan     |
      | {"smibConfig": {"coms": {"comsMode": 2}}, "machineControl": "SELF DESTRUCT"}   | machineControl |
      | {"smibConfig": {"coms": {"comsMode": 2}}, "machineControl": ["RESTART"]}       | machineControl |
      | {"smibConfig": {"coms": {"comsMode": 2}}, "smibVersion": "1.0"}                | smibVersion    |
      | {"smibConfig": {"coms": {"comsMode": 2}}, "colour": "red"}                     | colour         |

  @req-HTTP-3
  Scenario Outline: A cabinet that does not exist
    Given everything on the broker is observed
    When the operator sends a good "<method>" to the settings of the cabinet "<cabinet>"
    Then the request is refused with <status>
    And nothing was sent to any SMIB

    Examples:
      | method | cabinet      | status |
      | GET    | nobody       | 404    |
      | POST   | nobody       | 404    |
      | GET    | cab%2F1      | 400    |
      | POST   | %2B          | 400    |
      | GET    | %23          | 400    |
      | GET    | a%00b        | 400    |
      | POST   | a%0Ab        | 400    |

  @req-API-6
  Scenario: Of two edits of the same state, the second is told of the conflict
    When the operator reads the stored settings
    And the operator saves over what was read
      """
      {"smibConfig": {"coms": {"comsMode": 1}}}
      """
    Then the operator is told that it succeeded
    When the operator saves over revision "0"
      """
      {"smibConfig": {"coms": {"comsMode": 2}}}
      """
    Then the request is refused with 409
    And "smibConfig.coms" is stored as
      """
      {"comsMode": 1}
      """
