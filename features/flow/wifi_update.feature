Feature: From the operator to the device and back
  Specification, "Complete Flow Example": our CMS and our devices together.

  @req-FLOW-1 @req-INT-01
  Scenario: Updating the WiFi configuration, as the specification tells it
    Given a cabinet with a working device
    And an operator watches the cabinet
    When the operator publishes
      """
      {"typ": "cfg", "comp": "net", "netMode": 0, "netStaSSID": "New_WiFi", "netStaPwd": "password123", "netStaChan": 1}
      """
    Then the operator is told that it succeeded
    And the stream shows the "net" settings with
      """
      {"netMode": 0, "netStaSSID": "New_WiFi", "netStaPwd": "password123", "netStaChan": 1}
      """
    And the stream shows the event "NETWORK_CONNECTED"
    When the operator asks for the "net" settings
    Then the stream shows the "net" settings with
      """
      {"netStaSSID": "New_WiFi", "netStaPwd": "password123", "netStaChan": 1}
      """

  @cap-wait @req-FLOW-1 @req-SECRET-1
  Scenario: Who waits for a device's settings is told them, without the passphrase
    Given a cabinet with a working device
    When the operator asks for the "net" settings and waits 5 s
    Then "data" of the answer holds
      """
      {"netStaSSID": "Casino_WiFi", "netStaChan": 1}
      """

  @req-FLOW-2
  Scenario: An update reaches the device, and its confirmation the operator, within two seconds
    Given a cabinet with a working device
    And an operator watches the cabinet
    When the operator saves
      """
      {"smibConfig": {"coms": {"comsMode": 2, "comsRateMs": 300}}}
      """
    Then the operator is told that it succeeded
    And within 2 s the stream shows the "coms" settings with
      """
      {"comsMode": 2, "comsRateMs": 300, "comsAddr": 1}
      """

  @req-FLOW-3
  Scenario: A page opens: five components are asked for, and five answers shown
    Given a cabinet with a working device
    And an operator watches the cabinet
    When the operator asks for all five components at once
    Then the stream shows the settings of all five

  @req-FLOW-4
  Scenario: A machine is locked, and unlocked again
    Given a cabinet with a working device
    And an operator watches the cabinet
    When the operator orders "LOCK MACHINE"
    Then the stream shows the event "MACHINE_LOCKED"
    When the operator orders "UNLOCK MACHINE"
    Then the stream shows the event "MACHINE_UNLOCKED"

  @req-FLOW-5
  Scenario: A SMIB is restarted, and tells its configuration when it is back
    Given a cabinet with a working device
    And an operator watches the cabinet
    When the operator orders "RESTART"
    Then the stream shows the event "MACHINE_RESTART"
    And the stream shows the settings of all five

  @req-FLOW-6
  Scenario: Two operators watch one device, and one of them leaves
    Given a cabinet with a working device
    And 2 operators watch the cabinet
    When the first of them leaves
    And the operator orders "LOCK MACHINE"
    Then every stream shows the event "MACHINE_LOCKED"

  @cap-wait @req-FLOW-7
  Scenario: A device that never answers: the request is accepted, and whoever waits is told
    Given a cabinet with a device that never answers
    When the operator asks for the "net" settings
    Then the operator is told that it succeeded
    When the operator asks for the "net" settings and waits 1 s
    Then the request is refused with 504

  @cap-play @cap-wait @req-FLOW-7
  Scenario Outline: A SMIB that fails for a while is missed for that while
    Given the cabinet of a machine that can be played
    When its SMIB has the fault <fault>
    And the operator asks for the "net" settings and waits 1 s
    Then the request is refused with 504
    When its SMIB is put right
    And the operator asks for the "net" settings and waits 5 s
    Then the operator is told that it succeeded

    Examples:
      | fault                              |
      | {"kind": "silent"}                 |
      | {"kind": "wrong-rly"}              |
      | {"kind": "drop", "probability": 1} |

  @req-FLOW-8
  Scenario: A device that works is listed as online
    Given a cabinet with a working device
    And an operator watches the cabinet
    When the operator asks for the "coms" settings
    Then the stream shows the "coms" settings with
      """
      {"comsAddr": 1}
      """
    And the cabinet is listed as online

  @req-FLOW-9
  Scenario: The broker goes away and comes back, and the floor works again
    Given a broker of its own
    And a CMS of its own
    And the CMS is ready
    And a fleet of its own whose devices report every 1 s
    And the cabinet of a device of that fleet
    And an operator watches the cabinet
    When the broker goes away
    And the CMS has noticed that the broker is away
    And the broker comes back
    And the CMS is ready again
    Then the stream tells that the device is back
    When the operator asks for the "net" settings
    Then the stream shows the "net" settings with
      """
      {"netStaSSID": "Casino_WiFi"}
      """
