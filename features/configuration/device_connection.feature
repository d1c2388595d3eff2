Feature: New connection settings, and the way back
  Contract, section 3. Applying net or mqtt drops the connection; what does not work is taken back.

  @req-LINK-1
  Scenario Outline: New connection settings are confirmed first, then the device comes back with them
    Given a device on the floor
    And the CMS listens to the whole floor
    When the CMS updates the device's "<component>" settings
      """
      <values>
      """
    Then it confirms its "<component>" settings before it leaves, and then announces itself
    When the CMS asks for the device's "<component>" settings
    Then the device confirms its "<component>" settings with
      """
      <values>
      """

    Examples:
      | component | values                                                                                |
      | net       | {"netMode": 0, "netStaSSID": "New_WiFi", "netStaPwd": "password123", "netStaChan": 1} |
      | net       | {"netStaSSID": "Old_WiFi"}                                                            |
      | mqtt      | {"mqttQOS": 2, "mqttIdleTimeS": 600}                                                  |

  @req-LINK-2 @req-INT-31
  Scenario Outline: Settings that lead nowhere are taken back after the idle time
    Given a device on the floor that reports every second
    And the CMS listens to the whole floor
    And the CMS has noted the device's settings
    When the CMS updates the device's "<component>" settings
      """
      <values>
      """
    Then the device confirms its "<component>" settings with
      """
      <values>
      """
    And it falls back to the settings it had, and says so

    Examples:
      | component | values                                                  |
      | net       | {"netStaSSID": "No_Such_WiFi"}                          |
      | net       | {"netStaSSID": "New_WiFi", "netStaPwd": "wrong-secret"} |
      | net       | {"netStaChan": 14}                                      |
      | net       | {"netStaSSID": "Old_WiFi", "netStaPwd": "not-needed"}   |
      | mqtt      | {"mqttURI": "mqtt://127.0.0.1:1"}                       |

  @req-LINK-3
  Scenario: A device moves to another broker
    Given a fleet of its own whose devices report every 30 s
    And a device of that fleet
    And the CMS listens to the whole floor
    And a second broker, to which the CMS listens too
    And the address of that broker
    When the CMS sends the device there
    Then the device announces itself at the second broker
    And it answers there

  @cap-tls @req-LINK-3
  Scenario: A device moves to a broker over TLS
    Given an authority that the devices trust
    And a fleet of its own that trusts this authority
    And a device of that fleet
    And the CMS listens to the whole floor
    And a second broker over TLS with a certificate of that authority
    And the CMS listens to that broker too, without TLS
    And the address of that broker over mqtts
    When the CMS sends the device there
    Then the device announces itself at the second broker
    And it answers there

  @cap-tls @cap-websocket @req-LINK-3
  Scenario: A device moves to a broker over TLS and WebSocket
    Given an authority that the devices trust
    And a fleet of its own that trusts this authority
    And a device of that fleet
    And the CMS listens to the whole floor
    And a second broker over TLS with a certificate of that authority
    And the CMS listens to that broker too, without TLS
    And the address of that broker over wss
    When the CMS sends the device there
    Then the device announces itself at the second broker
    And it answers there

  @req-LINK-4
  Scenario: What a device applied survives the loss of its power
    Given a fleet of its own whose devices report every 30 s
    And a device of that fleet
    And the CMS listens to the whole floor
    And the CMS has updated the device's "coms" settings
      """
      {"comsMode": 2, "comsGPC": 255}
      """
    When the power of the whole fleet is cut
    And the power of the whole fleet comes back
    Then the device is back on the network
    When the CMS asks for the device's "coms" settings
    Then the device confirms its "coms" settings with
      """
      {"comsMode": 2, "comsGPC": 255}
      """

  @req-LINK-5
  Scenario: A device announces itself, and the broker tells when it has gone
    Given the CMS listens to the whole floor
    And a fleet of its own whose devices report every 30 s
    And a device of that fleet
    Then the device announced itself when it was switched on
    When the power of the whole fleet is cut
    Then the broker tells that the device has gone

  @req-LINK-6
  Scenario: A heartbeat is due every idle time
    Given a device on the floor that reports every second
    And the CMS listens to the whole floor
    Then it reports 3 times, about a second apart
