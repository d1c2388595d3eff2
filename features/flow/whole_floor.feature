Feature: The floor as a whole
  Specification, "Multiple Client Support"; contract, sections 3, 5 and 7: our CMS and our devices together, under load.

  @req-FLOW-10
  Scenario Outline: A WiFi name in any script reaches the device and comes back
    Given a cabinet with a working device
    And an operator watches the cabinet
    When the operator publishes
      """
      {"typ": "cfg", "comp": "net", "netStaSSID": "<ssid>"}
      """
    Then the operator is told that it succeeded
    And the stream shows the "net" settings with
      """
      {"netStaSSID": "<ssid>"}
      """

    Examples:
      | ssid                   |
      | 🎰🎲🃏💎👑🍒🔔💰        |
      | קזינו־מלכותי־לוב       |
      | كازينو_الملكي_12       |
      | カジノ・フロア二階の12  |
      | a\\"b\\\\c             |

  @req-FLOW-11 @req-ROUTE-3
  Scenario: Many orders to one device are confirmed in the order in which they were given
    Given a cabinet with a working device
    And an operator watches the cabinet
    When the operator publishes 40 updates one after the other
    Then the stream shows the 40 confirmations in their order

  @req-FLOW-11
  Scenario: Two devices under load at once do not disturb each other's order
    Given a cabinet with a working device
    And another cabinet with a working device
    And an operator watches the cabinet
    And an operator watches the other cabinet
    When two operators publish 30 updates each, at the same time
    Then each stream shows the 30 confirmations of its own device in their order

  @req-FLOW-11 @req-FLOW-3
  Scenario: Answers that are in flight do not get lost or mixed up
    Given a cabinet with a working device
    And an operator watches the cabinet
    When the operator asks 8 times for all five components at once
    Then the stream shows 8 answers of each component

  @req-FLOW-12
  Scenario: A configuration in parts is confirmed part by part
    Given a cabinet with a working device
    And an operator watches the cabinet
    When the operator saves
      """
      {"smibConfig": {"coms": {"comsMode": 1}, "ota": {"otaURL": "http://firmware.example/"}, "net": {"netStaSSID": "Old_WiFi"}}}
      """
    Then the operator is told that it succeeded
    And the stream shows the "coms" settings with
      """
      {"comsMode": 1, "comsAddr": 1}
      """
    And the stream shows the "ota" settings with
      """
      {"otaURL": "http://firmware.example/"}
      """
    And the stream shows the "net" settings with
      """
      {"netStaSSID": "Old_WiFi"}
      """
    And the stream shows the event "NETWORK_CONNECTED"

  @req-TOPIC-13
  Scenario: A device that shares a topic with others is heard as any other
    Given a cabinet with a working device
    And an operator watches the cabinet
    When the operator publishes
      """
      {"typ": "cfg", "comp": "mqtt", "mqttPubTopic": "sas/gy/server"}
      """
    Then the stream shows the event "NETWORK_CONNECTED"
    When the operator orders "LOCK MACHINE"
    Then the stream shows the event "MACHINE_LOCKED"

  @cap-ota @cap-wait @req-FLOW-13
  Scenario: An operator watches a device load new firmware
    Given a cabinet with a working device
    And an operator watches the cabinet
    And a firmware server that has the image "wifi.bin" of version "3.1.0"
    When the operator saves the address of that server
    Then the stream shows the event "CONFIG_UPDATE"
    When somebody orders the firmware "wifi.bin" of the device
    Then the stream shows the event "OTA_PROGRESS"
    And the stream shows the event "OTA_COMPLETE"
    When the operator asks for the "app" settings and waits 5 s
    Then "data" of the answer holds
      """
      {"version": "3.1.0"}
      """

  @cap-drift @req-DRIFT-1 @req-FLOW-2
  Scenario: A device that applied what was ordered is in step
    Given a cabinet with a working device
    When the operator saves
      """
      {"smibConfig": {"coms": {"comsMode": 2}, "ota": {"otaURL": "http://firmware.example/"}}}
      """
    Then the cabinet is in step: yes
