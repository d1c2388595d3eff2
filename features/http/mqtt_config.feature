Feature: The MQTT settings of a cabinet, ready for a form
  Specification, endpoint 3; contract, section 6.

  @req-API-7
  Scenario: Every value is text, and every one of the specification's is there
    Given a cabinet on the floor
    When the operator reads the MQTT settings
    Then the operator is told that it succeeded
    And "data" of the answer holds
      """
      {"smibId": "RELAY", "networkPassword": "***"}
      """
    And the answer's data has these fields, each of them text
      """
      smibId networkSSID networkPassword networkChannel communicationMode firmwareVersion mqttHost mqttPort
      mqttTLS mqttQOS mqttIdleTimeout mqttPubTopic mqttCfgTopic mqttSubTopic mqttURI serverTopic otaURL
      comsMode comsAddr comsRateMs comsRTE comsGPC
      """

  @req-API-8
  Scenario: The stored values stand in the form
    Given a cabinet on the floor
    And the operator has saved
      """
      {"smibConfig": {
         "net": {"netStaSSID": "Casino_WiFi", "netStaPwd": "password123", "netStaChan": 6},
         "coms": {"comsMode": 0, "comsAddr": 3, "comsRateMs": 250, "comsRTE": 1, "comsGPC": 7},
         "mqtt": {"mqttSecure": 0, "mqttQOS": 2, "mqttURI": "mqtt://floor:hidden@mq.example:1884",
                  "mqttSubTopic": "sas/relay/", "mqttPubTopic": "sas/gy/server",
                  "mqttCfgTopic": "smib/config", "mqttIdleTimeS": 45},
         "ota": {"otaURL": "http://api.example/firmwares/"}},
       "smibVersion": {"firmware": "1.4.0"}}
      """
    When the operator reads the MQTT settings
    Then "data" of the answer holds
      """
      {"smibId": "RELAY", "networkSSID": "Casino_WiFi", "networkPassword": "***", "networkChannel": "6",
       "communicationMode": "sas", "firmwareVersion": "1.4.0", "mqttHost": "mq.example", "mqttPort": "1884",
       "mqttTLS": "0", "mqttQOS": "2", "mqttIdleTimeout": "45", "mqttPubTopic": "sas/gy/server",
       "mqttCfgTopic": "smib/config", "mqttSubTopic": "sas/relay/",
       "mqttURI": "mqtt://floor:***@mq.example:1884", "otaURL": "http://api.example/firmwares/",
       "comsMode": "0", "comsAddr": "3", "comsRateMs": "250", "comsRTE": "1", "comsGPC": "7"}
      """

  @req-API-9
  Scenario Outline: The communication mode in words
    Given a cabinet on the floor
    And the operator has saved
      """
      {"smibConfig": {"coms": {"comsMode": <mode>}}}
      """
    When the operator reads the MQTT settings
    Then "data" of the answer holds
      """
      {"comsMode": "<mode>", "communicationMode": "<word>"}
      """

    Examples:
      | mode | word    |
      | 0    | sas     |
      | 1    | non-sas |
      | 2    | igt     |

  @req-HTTP-2 @req-HTTP-3
  Scenario Outline: A cabinet that is not named, or is nobody's
    When the operator gets "/api/mqtt/config<query>"
    Then the request is refused with <status>

    Examples:
      | query                    | status |
      |                          | 400    |
      | ?cabinetId=              | 400    |
      | ?cabinetId=nobody        | 404    |
      | ?cabinetId=a%2Fb         | 400    |
      | ?cabinetId=%23           | 400    |
      | ?cabinetId=a%00b         | 400    |
