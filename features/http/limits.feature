Feature: The limits of what can be ordered
  Contract, sections 3 and 6: what a device would refuse is refused before it is stored or sent.

  Background:
    Given a cabinet on the floor
    And its SMIB is connected

  @req-CFG-10 @req-API-11
  Scenario: The ends of every range can be published
    Then each of these can be published, and reaches the SMIB as it is
      | coms | comsMode      | 0                          |
      | coms | comsMode      | 2                          |
      | coms | comsAddr      | 1                          |
      | coms | comsAddr      | 127                        |
      | coms | comsRateMs    | 40                         |
      | coms | comsRateMs    | 60000                      |
      | coms | comsRTE       | 1                          |
      | coms | comsGPC       | 255                        |
      | net  | netMode       | 0                          |
      | net  | netStaSSID    | "x"                        |
      | net  | netStaSSID    | 32 x "a"                   |
      | net  | netStaSSID    | 8 x "🎰"                   |
      | net  | netStaPwd     | ""                         |
      | net  | netStaPwd     | "8letters"                 |
      | net  | netStaPwd     | 63 x "a"                   |
      | net  | netStaChan    | 14                         |
      | mqtt | mqttSecure    | 1                          |
      | mqtt | mqttQOS       | 2                          |
      | mqtt | mqttIdleTimeS | 1                          |
      | mqtt | mqttIdleTimeS | 86400                      |
      | mqtt | mqttSubTopic  | "sas/relay/78421c1bf944"   |
      | mqtt | mqttURI       | "mq.casino.example"        |
      | mqtt | mqttURI       | "mqtts://mq.example:65535" |
      | ota  | otaURL        | "https://firmware.example" |

  @req-CFG-10 @req-API-1
  Scenario: The ends of every range can be saved
    Then each of these can be saved, and reaches the SMIB
      | coms | comsMode      | 2          |
      | coms | comsAddr      | 127        |
      | coms | comsRateMs    | 60000      |
      | coms | comsGPC       | 255        |
      | net  | netStaSSID    | 16 x "ש"   |
      | net  | netStaPwd     | 63 x "a"   |
      | net  | netStaChan    | 14         |
      | mqtt | mqttIdleTimeS | 86400      |
      | mqtt | mqttQOS       | 2          |

  @req-CFG-10 @req-API-12 @req-API-5
  Scenario: What lies beyond the ends is neither stored nor sent
    Given the stored settings are noted
    Then publishing any of these is refused with 400, by the name of its field
      | coms | comsMode      | 3                     |
      | coms | comsAddr      | 128                   |
      | coms | comsRateMs    | 39                    |
      | coms | comsRTE       | 2                     |
      | coms | comsGPC       | -1                    |
      | net  | netMode       | 2                     |
      | net  | netStaSSID    | ""                    |
      | net  | netStaSSID    | 33 x "a"              |
      | net  | netStaSSID    | 17 x "ש"              |
      | net  | netStaPwd     | "7 chars"             |
      | net  | netStaPwd     | 64 x "a"              |
      | net  | netStaChan    | 0                     |
      | mqtt | mqttSecure    | -1                    |
      | mqtt | mqttQOS       | 3                     |
      | mqtt | mqttIdleTimeS | 0                     |
      | mqtt | mqttSubTopic  | "sas/#"               |
      | mqtt | mqttURI       | "gopher://mq.example" |
      | ota  | otaURL        | "firmware.example"    |
    And saving any of these is refused with 400, by the name of its field
      | coms | comsMode      | -1           |
      | coms | comsAddr      | 0            |
      | coms | comsRateMs    | 60001        |
      | coms | comsGPC       | 256          |
      | coms | comsGPC       | 1.0          |
      | net  | netStaSSID    | 33 x "a"     |
      | net  | netStaChan    | 15           |
      | net  | netStaPwd     | 7 x "7"      |
      | mqtt | mqttIdleTimeS | 86401        |
      | mqtt | mqttCfgTopic  | ""           |
      | ota  | otaURL        | null         |
    And the stored settings are as noted
    And the SMIB has received nothing at all

  @req-API-2 @req-CFG-10
  Scenario Outline: A WiFi name in any script is stored, sent and read as it was typed
    When the operator saves
      """
      {"smibConfig": {"net": {"netStaSSID": "<ssid>"}}}
      """
    Then the operator is told that it succeeded
    And the SMIB receives an update of "net" with
      """
      {"netStaSSID": "<ssid>"}
      """
    And "smibConfig.net" is stored as
      """
      {"netStaSSID": "<ssid>"}
      """
    When the operator reads the MQTT settings
    Then "data" of the answer holds
      """
      {"networkSSID": "<ssid>"}
      """

    Examples:
      | ssid                  |
      | 🎰🎲🃏💎👑🍒🔔💰       |
      | קזינו־מלכותי־לוב      |
      | كازينو_الملكي_12      |
      | カジノ・フロア二階の12 |
      | <script>alert(1)//    |

  @req-API-20
  Scenario: Saving the same again is no error, and leaves the same behind
    Given the operator has saved
      """
      {"smibConfig": {"coms": {"comsMode": 1, "comsAddr": 5}}, "smibVersion": {"firmware": "1.0.0"}}
      """
    And the stored settings are noted
    When the operator saves
      """
      {"smibConfig": {"coms": {"comsMode": 1, "comsAddr": 5}}, "smibVersion": {"firmware": "1.0.0"}}
      """
    Then the operator is told that it succeeded
    And "smibConfig.coms" is stored as
      """
      {"comsMode": 1, "comsAddr": 5}
      """

  @req-API-2
  Scenario: Nothing in a part is nothing to do
    Given the operator has saved
      """
      {"smibConfig": {"coms": {"comsMode": 1}}}
      """
    When the operator saves
      """
      {"smibConfig": {"coms": {}, "net": {}}}
      """
    Then "smibConfig.coms" is stored as
      """
      {"comsMode": 1}
      """

  @req-API-1 @req-API-3
  Scenario: Settings and a command can be ordered together
    When the operator saves
      """
      {"smibConfig": {"coms": {"comsMode": 2}}, "machineControl": "LOCK MACHINE"}
      """
    Then the answer holds
      """
      {"success": true, "mqttSent": true}
      """
    And the SMIB receives an update of "coms" with
      """
      {"comsMode": 2}
      """
    And the SMIB receives the command "LOCK MACHINE" with the action "lock_machine"

  @req-QUEUE-7
  Scenario: What was sent does not wait
    When the operator saves
      """
      {"smibConfig": {"coms": {"comsMode": 2}, "ota": {"otaURL": "http://firmware.example/"}}}
      """
    Then the answer holds
      """
      {"success": true, "mqttSent": true}
      """
    And no "queued" stands in the answer
    And the SMIB receives an update of "ota" with
      """
      {"otaURL": "http://firmware.example/"}
      """

  @req-INT-67
  Scenario Outline: What would be lost while the device reconnects is sent before it, and a restart behind it
    When the operator saves
      """
      {"smibConfig": {"net": {"netStaSSID": "Old_WiFi"}, "mqtt": {"mqttQOS": 1}, "coms": {"comsMode": 1}},
       "machineControl": "<command>"}
      """
    Then the operator is told that it succeeded
    And the SMIB receives "<order>", whatever the order of net and mqtt

    Examples:
      | command        | order                              |
      | LOCK MACHINE   | LOCK MACHINE, coms, net, mqtt      |
      | RESTART        | coms, net, mqtt, RESTART           |
