Feature: A device tells its configuration
  Contract, section 3.

  Background:
    Given a device on the floor
    And the CMS listens to the whole floor

  @req-CFG-2
  Scenario Outline: A device answers a request with all fields of the component
    When the CMS asks for the device's "<component>" settings
    Then the device answers its "<component>" settings with all fields

    Examples:
      | component |
      | mqtt      |
      | net       |
      | coms      |
      | ota       |
      | app       |

  @req-CFG-8
  Scenario Outline: What is no order is ignored, and the device stays up
    When somebody sends the device <kind>
    Then the device has said nothing

    Examples:
      | kind                             |
      | nothing                          |
      | text                             |
      | cut-off JSON                     |
      | a list                           |
      | a string                         |
      | a number                         |
      | null                             |
      | bytes that are not UTF-8         |
      | JSON nested 10,000 deep          |
      | NaN                              |
      | an object without anything in it |
      | a key that nobody knows          |
      | over 64 KiB                      |
      | a megabyte                       |

  @req-CFG-8
  Scenario Outline: A component that does not exist is ignored
    When the CMS sends the device
      """
      <payload>
      """
    Then the device has said nothing

    Examples:
      | payload                                          |
      | {"typ": "cfg", "comp": "wifi"}                   |
      | {"typ": "cfg", "comp": "wifi", "netStaChan": 3}  |
      | {"typ": "cfg", "comp": 7}                        |
      | {"typ": "cfg"}                                   |
      | {"typ": "CFG", "comp": "net"}                    |

  @req-INT-09
  Scenario: What another SMIB answers is no order
    When the CMS sends the device
      """
      {"rly": "e831cdfa8384", "typ": "cfg", "comp": "coms", "comsMode": 2}
      """
    Then the device has said nothing
