Feature: A device does what it is ordered
  Contract, section 4.

  Background:
    Given a device on the floor
    And the CMS listens to the whole floor

  @req-CMD-1
  Scenario: RESTART
    When the CMS orders the device to "RESTART"
    Then the device reports "MACHINE_RESTART", in the form of the contract
    And the device is back with its five components, one after the other

  @req-CMD-2
  Scenario: The short form of a restart
    When the CMS sends the device
      """
      {"typ": "rst"}
      """
    Then the device is back with its five components, one after the other

  @req-CMD-3 @req-EVT-1
  Scenario Outline: LOCK MACHINE and UNLOCK MACHINE
    When the CMS orders the device to "<command>"
    Then the device reports "<event>", in the form of the contract

    Examples:
      | command        | event            |
      | LOCK MACHINE   | MACHINE_LOCKED   |
      | UNLOCK MACHINE | MACHINE_UNLOCKED |

  @req-CMD-4
  Scenario Outline: A second order of the same kind changes nothing
    When the CMS orders the device to "<command>"
    Then the device reports "<event>"
    When the CMS orders the device to "<command>"
    Then the device has said nothing but "<event>"

    Examples:
      | command        | event            |
      | LOCK MACHINE   | MACHINE_LOCKED   |
      | UNLOCK MACHINE | MACHINE_UNLOCKED |

  @req-CMD-5
  Scenario: A locked machine still tells and takes its configuration
    When the CMS orders the device to "LOCK MACHINE"
    Then the device reports "MACHINE_LOCKED"
    When the CMS asks for the device's "coms" settings
    Then the device answers its "coms" settings with all fields
    When the CMS updates the device's "coms" settings
      """
      {"comsMode": 1}
      """
    Then the device confirms its "coms" settings with
      """
      {"comsMode": 1}
      """

  @req-CMD-6
  Scenario Outline: A command that waited for more than 30 seconds is not executed
    When the CMS orders the device to "<command>", 31 s ago
    Then the device has said nothing but "COMMAND_EXPIRED"

    Examples:
      | command        |
      | RESTART        |
      | LOCK MACHINE   |
      | UNLOCK MACHINE |

  @req-CMD-6
  Scenario: A command that waited for less is executed
    When the CMS orders the device to "LOCK MACHINE", 20 s ago
    Then the device has said nothing but "MACHINE_LOCKED"

  @req-INT-08
  Scenario: A command without a time is executed
    When the CMS sends the device
      """
      {"command": "LOCK MACHINE", "action": "lock_machine"}
      """
    Then the device has said nothing but "MACHINE_LOCKED"

  @req-CMD-8
  Scenario Outline: What is no command is ignored
    When the CMS sends the device
      """
      <payload>
      """
    Then the device has said nothing

    Examples:
      | payload                                                                                      |
      | {"command": "SELF DESTRUCT", "timestamp": "2099-01-15T10:30:00.000Z", "action": "explode"}   |
      | {"command": "lock machine"}                                                                  |
      | {"command": ["LOCK MACHINE"]}                                                                |
      | {"command": "LOCK MACHINE", "timestamp": "yesterday", "action": "lock_machine"}              |
      | {"command": "test", "timestamp": "2024-01-15T10:30:00.000Z", "source": "api-test"}           |
