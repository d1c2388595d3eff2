Feature: How a device conducts itself
  Contract, sections 3 and 4, where they leave a choice: the interpretations that can be seen from outside.

  @req-INT-29 @req-CMD-6
  Scenario: A command from a clock that is ahead is executed
    Given a device on the floor
    And the CMS listens to the whole floor
    When the CMS orders the device to "LOCK MACHINE", on a clock that is 90 s ahead
    Then the device has said nothing but "MACHINE_LOCKED"

  @req-INT-36 @req-EVT-1
  Scenario: A device's mac is its relay id
    Given a device on the floor
    And the CMS listens to the whole floor
    When the CMS orders the device to "LOCK MACHINE"
    Then the device reports "MACHINE_LOCKED", and its relay id as its mac

  @req-INT-37
  Scenario: A restart on purpose leaves no last will
    Given a device on the floor
    And the CMS listens to the whole floor
    When the CMS orders the device to "RESTART"
    Then the device is back with its five components, one after the other
    And nobody told that the device had gone

  @req-INT-38 @req-LINK-6
  Scenario: A heartbeat says that it is one, and an announcement that it is none
    Given a device on the floor that reports every second
    And the CMS listens to the whole floor
    Then it reports a heartbeat
    When the CMS orders the device to "RESTART"
    Then its announcement is no heartbeat

  @req-INT-39 @req-INT-40
  Scenario: An idle time that comes with settings that fail does not keep a device away
    Given a device on the floor that reports every second
    And the CMS listens to the whole floor
    And the CMS has noted the device's settings
    When the CMS updates the device's "mqtt" settings
      """
      {"mqttURI": "mqtt://127.0.0.1:1", "mqttIdleTimeS": 86400}
      """
    Then it tells that it fell back, with the reason and its "mqtt" settings in force

  @req-CMD-1 @req-CFG-7
  Scenario: A device that is restarted twice comes back twice
    Given a device on the floor
    And the CMS listens to the whole floor
    When the CMS orders the device to "RESTART"
    Then the device is back with its five components, one after the other
    When the CMS orders the device to "RESTART"
    Then the device is back with its five components, one after the other

  @req-CMD-8
  Scenario Outline: A command whose parts do not fit together is ignored
    Given a device on the floor
    And the CMS listens to the whole floor
    When the CMS sends the device
      """
      <payload>
      """
    Then the device has said nothing

    Examples:
      | payload                                                                        |
      | {"command": "RESTART", "timestamp": 1705314600000, "action": "restart"}        |
      | {"command": "RESTART", "timestamp": "", "action": "restart"}                   |
      | {"command": " RESTART ", "action": "restart"}                                  |
      | {"typ": "rst2"}                                                                |
      | {"typ": ["rst"]}                                                               |

  @req-INT-70
  Scenario Outline: A command that contradicts itself is ignored
    Given a device on the floor
    And the CMS listens to the whole floor
    When the CMS sends the device
      """
      <payload>
      """
    Then the device has said nothing

    Examples:
      | payload                                          |
      | {"command": "LOCK MACHINE", "action": "restart"} |
      | {"command": "RESTART", "action": null}           |
      | {"command": null, "typ": "rst"}                  |
