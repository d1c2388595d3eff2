Feature: Asking and telling a SMIB at once
  Specification, endpoints 4 and 5; contract, section 6.

  Background:
    Given a cabinet on the floor
    And its SMIB is connected

  @req-API-10
  Scenario Outline: The answer to a request repeats what was asked
    When the operator asks for the "<component>" settings
    Then the answer holds
      """
      {"success": true, "message": "Config request sent for <component> to relayId: RELAY",
       "relayId": "RELAY", "component": "<component>"}
      """
    And the answer is signed with the time in UTC

    Examples:
      | component |
      | mqtt      |
      | ota       |
      | coms      |
      | net       |
      | app       |

  @req-HTTP-2
  Scenario Outline: A request that asks for nothing is refused
    When somebody posts to the request endpoint <body>
    Then the request is refused with 400
    And the error names "<field>"
    And the SMIB has received nothing at all

    Examples:
      | body                                                       | field     |
      | {"relayId": "RELAY"}                                       | component |
      | {"component": "net"}                                       | relayId   |
      | {"relayId": "RELAY", "component": "wifi"}                  | component |
      | {"relayId": "RELAY", "component": "NET"}                   | component |
      | {"relayId": "RELAY", "component": ""}                      | component |
      | {"relayId": "RELAY", "component": 5}                       | component |
      | {"relayId": "RELAY", "component": ["net"]}                 | component |
      | {"relayId": "RELAY", "component": null}                    | component |

  @req-API-11
  Scenario: What is published reaches the SMIB as it is, its keys in their order
    When the operator publishes
      """
      {"netStaChan": 1, "typ": "cfg", "netStaPwd": "password123", "comp": "net", "netStaSSID": "New_WiFi"}
      """
    Then the answer holds
      """
      {"success": true, "message": "Config update published for net to relayId: RELAY", "relayId": "RELAY"}
      """
    And the answer is signed with the time in UTC
    And "config" of the answer holds
      """
      {"typ": "cfg", "comp": "net", "netStaSSID": "New_WiFi", "netStaChan": 1}
      """
    And no "password123" stands in the answer
    And the SMIB receives, in this order of keys
      """
      {"netStaChan": 1, "typ": "cfg", "netStaPwd": "password123", "comp": "net", "netStaSSID": "New_WiFi"}
      """

  @req-API-11
  Scenario: The specification's own example is published
    When the operator publishes
      """
      {"typ": "cfg", "comp": "mqtt", "mqttSecure": 0, "mqttQOS": 2,
       "mqttURI": "mqtt://mqtt:mqtt@mq.sas.backoffice.ltd:1883", "mqttSubTopic": "sas/relay/",
       "mqttPubTopic": "sas/gy/server", "mqttCfgTopic": "smib/config", "mqttIdleTimeS": 30}
      """
    Then the operator is told that it succeeded
    And no "mqtt:mqtt@" stands in the answer
    And the SMIB receives an update of "mqtt" with
      """
      {"mqttURI": "mqtt://mqtt:mqtt@mq.sas.backoffice.ltd:1883", "mqttPubTopic": "sas/gy/server"}
      """

  @req-HTTP-2 @req-API-12
  Scenario Outline: A configuration that no SMIB would take is refused before it is sent
    When somebody posts to the publish endpoint {"relayId": "RELAY", "config": <config>}
    Then the request is refused with 400
    And the error names "<field>"
    And the SMIB has received nothing at all

    Examples:
      | config                                                       | field      |
      | null                                                         | config     |
      | []                                                           | config     |
      | "net"                                                        | config     |
      | {"comp": "net", "netStaChan": 1}                             | typ        |
      | {"typ": "rst"}                                               | typ        |
      | {"typ": "cfg", "netStaChan": 1}                              | comp       |
      | {"typ": "cfg", "comp": "wifi", "netStaChan": 1}              | comp       |
      | {"typ": "cfg", "comp": ["net"], "netStaChan": 1}             | comp       |
      | {"typ": "cfg", "comp": "net", "netStaChan": 15}              | netStaChan |
      | {"typ": "cfg", "comp": "net", "netStaChan": "1"}             | netStaChan |
      | {"typ": "cfg", "comp": "net", "comsMode": 1}                 | comsMode   |
      | {"typ": "cfg", "comp": "net", "netStaPwd": "***"}            | netStaPwd  |
      | {"typ": "cfg", "comp": "app", "version": "9"}                | comp       |

  @req-HTTP-2
  Scenario: A configuration that is not there is refused
    When somebody posts to the publish endpoint {"relayId": "RELAY"}
    Then the request is refused with 400
    And the error names "config"
