Feature: The limits of a device's settings
  Contract, section 3: every field has its range, and a device holds to both ends of it.

  Background:
    Given a device on the floor
    And the CMS listens to the whole floor

  @req-CFG-9
  Scenario: The ends of every range that leaves the connection alone
    Then the device applies each of these, and confirms it
      | coms | comsMode   | 0                                     |
      | coms | comsMode   | 2                                     |
      | coms | comsAddr   | 1                                     |
      | coms | comsAddr   | 127                                   |
      | coms | comsRateMs | 40                                    |
      | coms | comsRateMs | 60000                                 |
      | coms | comsRTE    | 1                                     |
      | coms | comsRTE    | 0                                     |
      | coms | comsGPC    | 0                                     |
      | coms | comsGPC    | 255                                   |
      | ota  | otaURL     | "http://a"                            |
      | ota  | otaURL     | "https://firmware.example:8443/a/b/"  |

  @req-CFG-9 @req-LINK-1
  Scenario Outline: The ends of a range that the connection depends on are confirmed before the device leaves
    When the CMS updates the device's "<component>" settings with <values>
    Then the device confirms <values> among its "<component>" settings

    Examples:
      | component | values                                                                             |
      | net       | {"netMode": 0}                                                                     |
      | net       | {"netStaChan": 14}                                                                 |
      | net       | {"netStaSSID": "x"}                                                                |
      | net       | {"netStaSSID": "An SSID of exactly 32 bytes ----"}                                 |
      | net       | {"netStaPwd": "8letters"}                                                          |
      | net       | {"netStaPwd": "a passphrase of sixty-three characters, the longest that can be"}   |
      | mqtt      | {"mqttQOS": 2}                                                                     |
      | mqtt      | {"mqttIdleTimeS": 1}                                                               |
      | mqtt      | {"mqttIdleTimeS": 86400}                                                           |
      | mqtt      | {"mqttUsername": "floor", "mqttPassword": "hidden-word-1"}                         |

  @req-CFG-5 @req-CFG-9 @req-CFG-12
  Scenario: What lies beyond the ends is refused, one after the other, and the device stays up
    Given the CMS has noted the device's settings
    Then the device refuses each of these, with a reason, and stays as it is
      | coms | comsMode      | -1                       |
      | coms | comsMode      | 3                        |
      | coms | comsAddr      | 0                        |
      | coms | comsAddr      | 128                      |
      | coms | comsRateMs    | 39                       |
      | coms | comsRateMs    | 60001                    |
      | coms | comsRTE       | -1                       |
      | coms | comsRTE       | 2                        |
      | coms | comsGPC       | -1                       |
      | coms | comsGPC       | 256                      |
      | net  | netMode       | -1                       |
      | net  | netMode       | 2                        |
      | net  | netStaSSID    | ""                       |
      | net  | netStaSSID    | 33 x "a"                 |
      | net  | netStaPwd     | "7 chars"                |
      | net  | netStaPwd     | 64 x "a"                 |
      | net  | netStaChan    | 0                        |
      | net  | netStaChan    | 15                       |
      | mqtt | mqttSecure    | -1                       |
      | mqtt | mqttSecure    | 2                        |
      | mqtt | mqttQOS       | -1                       |
      | mqtt | mqttQOS       | 3                        |
      | mqtt | mqttIdleTimeS | 0                        |
      | mqtt | mqttIdleTimeS | 86401                    |
      | mqtt | mqttSubTopic  | ""                       |
      | mqtt | mqttPubTopic  | "sas/#"                  |
      | mqtt | mqttCfgTopic  | "smib/+"                 |
      | mqtt | mqttURI       | ""                       |
      | mqtt | mqttURI       | "gopher://broker"        |
      | mqtt | mqttURI       | "mqtt://broker:99999"    |
      | ota  | otaURL        | "firmware.example"       |
      | ota  | otaURL        | ""                       |
      | app  | firmware      | "mine"                   |
      | app  | version       | "9.9.9"                  |
    When the CMS updates the device's "coms" settings with {"comsMode": 1}
    Then the device confirms {"comsMode": 1} among its "coms" settings

  @req-CFG-5 @req-CFG-12
  Scenario: A number is a whole number and a text is a text, for every component
    Given the CMS has noted the device's settings
    Then the device refuses each of these, with a reason, and stays as it is
      | coms | comsAddr      | 1.5                   |
      | coms | comsGPC       | 1e2                   |
      | coms | comsRTE       | false                 |
      | coms | comsRateMs    | "200"                 |
      | coms | comsMode      | [0]                   |
      | coms | comsMode      | {}                    |
      | net  | netMode       | true                  |
      | net  | netStaChan    | null                  |
      | net  | netStaSSID    | 42                    |
      | net  | netStaPwd     | 12345678              |
      | mqtt | mqttQOS       | "2"                   |
      | mqtt | mqttURI       | {"host": "broker"}    |
      | mqtt | mqttIdleTimeS | 30.0                  |
      | ota  | otaURL        | null                  |

  @req-CFG-11
  Scenario Outline: A WiFi name in any script
    When the CMS updates the device's "net" settings with {"netStaSSID": "<ssid>"}
    Then the device confirms {"netStaSSID": "<ssid>"} among its "net" settings

    Examples:
      | ssid                 |
      | 🎰🎲🃏💎👑🍒🔔💰      |
      | קזינו־מלכותי־לוב     |
      | كازينو_الملكي_12     |
      | カジノ・フロア二階の12 |
      | Казино               |
      | 名前 \\"A\\" & <b>    |

  @req-CFG-11 @req-CFG-5
  Scenario: One byte more than 32 is too long, however few characters that are
    Given the CMS has noted the device's settings
    Then the device refuses each of these, with a reason, and stays as it is
      | net | netStaSSID | "🎰🎲🃏💎👑🍒🔔💰!"     |
      | net | netStaSSID | "קזינו־מלכותי־לובי"    |
      | net | netStaSSID | 11 x "名"              |

  @cap-bulk @req-INT-71
  Scenario: A bulk form with a component that is no object is ignored
    When the CMS sends the device
      """
      {"smibConfig": {"coms": [1]}, "action": "update_config"}
      """
    Then the device has said nothing

  @cap-bulk @req-CFG-6 @req-INT-35
  Scenario: Of the bulk form a component that does not exist is passed over
    When the CMS sends the device
      """
      {"smibConfig": {"wifi": {"netStaChan": 3}, "coms": {"comsMode": 2}}, "action": "update_config"}
      """
    Then the device confirms {"comsMode": 2} among its "coms" settings

  @cap-bulk @req-CFG-6 @req-CFG-5
  Scenario: In the bulk form everything can be refused, component by component
    Given the CMS has noted the device's settings
    When the CMS sends the device
      """
      {"cabinetId": "cab-1", "smibConfig": {"coms": {"comsMode": 9}, "app": {"version": "9"}, "ota": {"otaURL": 1}},
       "timestamp": "2024-01-15T10:30:00.000Z", "action": "update_config"}
      """
    Then the device refuses, with a reason and its "coms" settings in force
    And the device refuses, with a reason and its "ota" settings in force
    And nothing has changed in the device's settings

  @cap-bulk @req-CFG-6 @req-CFG-8
  Scenario Outline: A bulk form that is none is ignored
    When the CMS sends the device
      """
      <payload>
      """
    Then the device has said nothing

    Examples:
      | payload                                                                    |
      | {"smibConfig": [], "action": "update_config"}                              |
      | {"smibConfig": {"coms": {"comsMode": 1}}, "action": "update_everything"}   |
      | {"smibConfig": {"coms": {"comsMode": 1}}}                                  |
      | {"action": "update_config"}                                                |

  @cap-bulk @req-CFG-6 @req-INT-35
  Scenario: The bulk form reconnects the device once, after its last confirmation
    When the CMS sends the device
      """
      {"smibConfig": {"net": {"netStaSSID": "Old_WiFi"}, "mqtt": {"mqttQOS": 1}, "coms": {"comsMode": 1}},
       "action": "update_config"}
      """
    Then it confirms "net, mqtt, coms" before it leaves, and announces itself once

  @req-INT-34
  Scenario Outline: An update that changes nothing is confirmed, and that is all
    Given the CMS has noted the device's settings
    When the CMS updates the device's "<component>" settings with <values>
    Then the device has said nothing but "cfg"
    And nothing has changed in the device's settings

    Examples:
      | component | values                                            |
      | coms      | {"comsMode": 0, "comsAddr": 1}                    |
      | net       | {"netStaSSID": "Casino_WiFi", "netStaChan": 1}    |
      | mqtt      | {"mqttIdleTimeS": 3600}                           |

  @req-INT-33
  Scenario: An update that was applied is told as an event too, after its confirmation
    When the CMS updates the device's "coms" settings with {"comsMode": 1}
    Then the device has said nothing but "cfg, CONFIG_UPDATE"

  @req-CFG-3 @req-FLOW-12
  Scenario: The same update twice is confirmed twice
    When the CMS updates the device's "coms" settings with {"comsGPC": 17}
    Then the device confirms {"comsGPC": 17} among its "coms" settings
    When the CMS updates the device's "coms" settings with {"comsGPC": 17}
    Then the device confirms {"comsGPC": 17} among its "coms" settings

  @req-CFG-4
  Scenario: Many updates in a row are confirmed in their order, and the last is in force
    When the CMS updates the device's "coms" settings 40 times in a row
    Then the device has confirmed all 40 in their order

  @req-CFG-2
  Scenario: Requests that come all at once are all answered
    When the CMS asks for all five components at once, 4 times over
    Then the device answers every component 4 times
