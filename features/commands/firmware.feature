@cap-ota
Feature: New firmware for a device
  Contract, sections 4 and 7: an image is loaded over HTTP, verified, installed and tried; on failure the old one stays.

  Background:
    Given a device on the floor
    And the CMS listens to the whole floor
    And a firmware server, from which the device loads

  @req-OTA-1 @req-OTA-3 @req-INT-43 @req-INT-49
  Scenario: A firmware order is acknowledged, tells its progress and ends with the new version
    Given the image "wifi.bin" of version "1.1.0" is on it
    When the CMS orders the firmware "wifi.bin"
    Then the device acknowledges the firmware order
    And it tells its progress, restarts, and is complete with version "1.1.0"
    And its version is "1.1.0"

  @req-OTA-1 @req-INT-43
  Scenario: A large image tells its progress on the way
    Given the image "wifi.bin" of version "1.2.0", of 1500000 bytes, is on it
    When the CMS orders the firmware "wifi.bin"
    Then it tells at least 5 parts of its progress
    And it tells its progress, restarts, and is complete with version "1.2.0"

  @req-OTA-5
  Scenario: What was configured outlasts new firmware
    Given the CMS has updated the device's "coms" settings
      """
      {"comsMode": 2, "comsRateMs": 333}
      """
    And the image "wifi.bin" of version "1.3.0" is on it
    When the CMS orders the firmware "wifi.bin"
    Then it tells its progress, restarts, and is complete with version "1.3.0"
    When the CMS asks for the device's "coms" settings
    Then the device confirms its "coms" settings with
      """
      {"comsMode": 2, "comsRateMs": 333}
      """

  @req-OTA-5
  Scenario: New firmware outlasts a restart
    Given the image "wifi.bin" of version "1.4.0" is on it
    When the CMS orders the firmware "wifi.bin"
    Then it tells its progress, restarts, and is complete with version "1.4.0"
    When the CMS orders the device to "RESTART"
    Then the device is back with its five components, one after the other
    And its version is "1.4.0"

  @req-OTA-2
  Scenario Outline: An image that can't be had or is not sound leaves the old version
    Given its image <flaw>
    And the CMS has noted the device's settings
    When the CMS orders the firmware "wifi.bin"
    Then the device tells that the update failed, and why
    And its version is the one before, and its settings are as they were

    Examples:
      | flaw                        |
      | is not there                |
      | can't be read by the server |
      | is cut off by the line      |
      | is shorter than it says     |
      | is longer than it says      |
      | has a wrong checksum        |
      | is larger than any SMIB     |
      | is no image                 |
      | is empty                    |
      | is sent on for ever         |

  @req-INT-46
  Scenario: An image for another board is refused
    Given its image is for another board
    And the CMS has noted the device's settings
    When the CMS orders the firmware "wifi.bin"
    Then the device tells that the update failed, and why
    And its version is the one before, and its settings are as they were

  @req-INT-46
  Scenario: The version that a device has may be installed again
    Given the image "wifi.bin" of version "1.0.0" is on it
    When the CMS orders the firmware "wifi.bin"
    Then it tells its progress, restarts, and is complete with version "1.0.0"

  @req-OTA-2
  Scenario: A firmware server that is not there
    Given the device loads its firmware from "http://127.0.0.1:1/"
    And the CMS has noted the device's settings
    When the CMS orders the firmware "wifi.bin"
    Then the device tells that the update failed, and why
    And its version is the one before, and its settings are as they were

  @req-OTA-1
  Scenario: A server that sends on to where the image is
    Given the image "smib-1.5.0.bin" of version "1.5.0" is on it
    And the server sends on from "wifi.bin" to "smib-1.5.0.bin"
    When the CMS orders the firmware "wifi.bin"
    Then it tells its progress, restarts, and is complete with version "1.5.0"

  @req-OTA-4 @req-INT-47
  Scenario: A build that does not start is rolled back
    Given the image "wifi.bin" of version "2.0.0" is on it, which does not start
    And the CMS has noted the device's settings
    When the CMS orders the firmware "wifi.bin"
    Then the device restarts, and tells that the update failed
    And its version is the one before, and its settings are as they were

  @req-OTA-4
  Scenario: After a roll-back a good build can be installed
    Given the image "bad.bin" of version "2.0.0" is on it, which does not start
    And the image "good.bin" of version "2.0.1" is on it
    When the CMS orders the firmware "bad.bin"
    Then the device restarts, and tells that the update failed
    When the CMS orders the firmware "good.bin"
    Then it tells its progress, restarts, and is complete with version "2.0.1"

  @req-INT-44
  Scenario Outline: A file name that is a path is refused, and nobody is asked for it
    When the CMS orders the firmware "<file>"
    Then the device tells that the update failed, and why
    And nobody asked the server for anything

    Examples:
      | file             |
      | ../secrets.bin   |
      | other/wifi.bin   |
      | wifi.bin?x=1     |
      | /etc/passwd      |
      | .hidden          |

  @req-INT-45
  Scenario: The same order again is acknowledged again, and loads nothing twice
    Given the image "wifi.bin" of version "1.6.0" comes slowly from it
    When the CMS orders the firmware "wifi.bin"
    Then the device acknowledges the firmware order
    When the CMS orders the firmware "wifi.bin"
    Then the device acknowledges the firmware order
    When the rest of it comes
    Then the device reports "OTA_COMPLETE"
    And the server was asked once for "wifi.bin"

  @req-INT-45
  Scenario: Another order while one is under way is refused
    Given the image "wifi.bin" of version "1.7.0" comes slowly from it
    And the image "other.bin" of version "1.8.0" is on it
    When the CMS orders the firmware "wifi.bin"
    Then the device acknowledges the firmware order
    When the CMS orders the firmware "other.bin"
    Then the device tells that the update failed, and why
    When the rest of it comes
    Then the device reports "OTA_COMPLETE"
    And its version is "1.7.0"

  @req-INT-48
  Scenario: A machine can be locked while its device loads new firmware
    Given the image "wifi.bin" of version "1.9.0" comes slowly from it
    When the CMS orders the firmware "wifi.bin"
    Then the device acknowledges the firmware order
    When the CMS orders the device to "LOCK MACHINE"
    Then the device reports "MACHINE_LOCKED"
    When the rest of it comes
    Then the device reports "OTA_COMPLETE"
    And its version is "1.9.0"

  @req-INT-48 @req-OTA-2
  Scenario: A restart ends a download, and the old version stays
    Given the image "wifi.bin" of version "1.9.1" comes slowly from it
    And the CMS has noted the device's settings
    When the CMS orders the firmware "wifi.bin"
    Then the device acknowledges the firmware order
    When the CMS orders the device to "RESTART"
    Then the device reports "OTA_FAILED"
    And the device is back with its five components, one after the other
    And its version is the one before, and its settings are as they were
