Feature: The line between a device and its broker
  Contract, sections 3 and 4.

  Background:
    Given a device on the floor
    And the CMS listens to the whole floor
    And the line between the device and its broker

  @req-LINK-5
  Scenario: A line that is cut is told by the broker, and the device announces itself again
    When the CMS asks for the device's "net" settings
    And the line of the device is cut
    Then the broker tells that the device has gone
    And the device is back on the network

  @req-CFG-8
  Scenario: An order that is garbled on the line is ignored, and the device stays up
    Given the next order to the device is garbled on the line
    When the CMS asks for the device's "net" settings
    Then the device has said nothing
    And that really happened

  @req-CFG-2
  Scenario: A request that is lost on the line can be asked again
    Given the next order to the device is lost on the line
    When the CMS asks for the device's "net" settings
    And the CMS asks for the device's "coms" settings
    Then the device answers its "coms" settings with all fields
    And that really happened
