Feature: A device applies an update
  Contract, section 3.

  Background:
    Given a device on the floor
    And the CMS listens to the whole floor
    And the CMS has noted the device's settings

  @req-CFG-3 @req-CFG-4
  Scenario Outline: An update changes what it names and nothing else, and is confirmed
    When the CMS updates the device's "<component>" settings
      """
      <values>
      """
    Then the device confirms its "<component>" settings with
      """
      <values>
      """
    And nothing but "<changed>" has changed in the device's settings

    Examples:
      | component | values                                                    | changed              |
      | coms      | {"comsMode": 2}                                           | comsMode             |
      | coms      | {"comsRateMs": 40, "comsAddr": 127}                       | comsRateMs, comsAddr |
      | ota       | {"otaURL": "http://firmware.example/builds/"}             | otaURL               |

  @req-CFG-3 @req-CFG-4
  Scenario Outline: Of connection settings, too, an update changes what it names and nothing else
    When the CMS updates the device's "<component>" settings
      """
      <values>
      """
    Then the device confirms its "<component>" settings with
      """
      <values>
      """
    And the device is back on the network
    And nothing but "<changed>" has changed in the device's settings

    Examples:
      | component | values                                    | changed              |
      | mqtt      | {"mqttQOS": 1}                            | mqttQOS              |
      | net       | {"netStaSSID": "Old_WiFi", "netMode": 0}  | netStaSSID, netMode  |

  @req-CFG-3 @req-CFG-4
  Scenario: An update of the name that a device signs in with changes nothing else
    Given the broker lets in whoever gives a name
    When the CMS updates the device's "mqtt" settings
      """
      {"mqttUsername": "floor"}
      """
    Then the device confirms its "mqtt" settings with
      """
      {"mqttUsername": "floor"}
      """
    And the device is back on the network
    And nothing but "mqttUsername" has changed in the device's settings

  @req-CFG-5
  Scenario Outline: A value that a device can't take is refused with the whole update
    When the CMS updates the device's "<component>" settings
      """
      <values>
      """
    Then the device refuses, with a reason and its "<component>" settings in force
    And nothing has changed in the device's settings

    Examples: out of range
      | component | values                                   |
      | coms      | {"comsMode": 3}                          |
      | coms      | {"comsMode": -1}                         |
      | coms      | {"comsAddr": 0}                          |
      | coms      | {"comsRateMs": 39}                       |
      | net       | {"netStaChan": 15}                       |
      | net       | {"netStaSSID": ""}                       |
      | net       | {"netStaPwd": "seven77"}                 |
      | mqtt      | {"mqttIdleTimeS": 0}                     |
      | mqtt      | {"mqttSubTopic": "sas/+/relay"}          |
      | ota       | {"otaURL": "ftp://firmware.example/"}    |

    Examples: of the wrong type
      | component | values                                   |
      | coms      | {"comsMode": "0"}                        |
      | coms      | {"comsMode": true}                       |
      | coms      | {"comsMode": 1.0}                        |
      | coms      | {"comsMode": null}                       |
      | net       | {"netStaSSID": ["Old_WiFi"]}             |

    Examples: unknown, or of another component, or read-only
      | component | values                                   |
      | coms      | {"comsColour": 1}                        |
      | coms      | {"netStaChan": 3}                        |
      | app       | {"version": "9.9.9"}                     |

    Examples: good and bad together
      | component | values                                   |
      | coms      | {"comsMode": 1, "comsAddr": 0}           |
      | net       | {"netStaSSID": "Old_WiFi", "colour": 1}  |

  @req-CFG-6
  Scenario: The bulk form of deployed CMSs is applied component by component
    When the CMS sends the device
      """
      {"cabinetId": "cab-1", "smibConfig": {"coms": {"comsMode": 1}, "ota": {"otaURL": "http://x.example/"}},
       "timestamp": "2024-01-15T10:30:00.000Z", "action": "update_config"}
      """
    Then the device confirms its "coms" settings with
      """
      {"comsMode": 1}
      """
    And the device confirms its "ota" settings with
      """
      {"otaURL": "http://x.example/"}
      """
    And nothing but "comsMode, otaURL" has changed in the device's settings

  @req-CFG-6
  Scenario: In the bulk form, a component that is refused does not hold up the others
    When the CMS sends the device
      """
      {"smibConfig": {"net": {"netStaChan": 99}, "coms": {"comsMode": 1}}, "action": "update_config"}
      """
    Then the device refuses, with a reason and its "net" settings in force
    And the device confirms its "coms" settings with
      """
      {"comsMode": 1}
      """
    And nothing but "comsMode" has changed in the device's settings

  @req-CFG-7
  Scenario: What a device applied survives its restart
    When the CMS updates the device's "coms" settings
      """
      {"comsMode": 1, "comsRateMs": 500}
      """
    Then the device confirms its "coms" settings with
      """
      {"comsMode": 1, "comsRateMs": 500}
      """
    When the CMS orders the device to "RESTART"
    Then the device is back with its five components, one after the other
    And nothing but "comsMode, comsRateMs" has changed in the device's settings
