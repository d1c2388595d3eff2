Feature: One order to many SMIBs, and what a machine has counted
  Specification, "Batch Operations" and "Configuration Templates"; contract, section 7.

  Background:
    Given a cabinet on the floor
    And its SMIB is connected
    And another cabinet on the floor
    And the SMIB of the other cabinet is connected

  @cap-batch @req-BATCH-1
  Scenario: One order reaches several SMIBs, and each confirms it
    When the shift leader orders at both cabinets
      """
      {"smibConfig": {"coms": {"comsRateMs": 250}}}
      """
    Then the order is accepted for 2 cabinets
    And both SMIBs receive, and confirm, an update of "coms" with
      """
      {"comsRateMs": 250}
      """
    And in the end 2 cabinets are "confirmed"

  @cap-batch @req-BATCH-1
  Scenario: One command locks several machines
    When the shift leader orders at both cabinets
      """
      {"machineControl": "LOCK MACHINE"}
      """
    Then both SMIBs receive the command "LOCK MACHINE"
    When both SMIBs report the event "MACHINE_LOCKED"
    Then in the end 2 cabinets are "confirmed"

  @cap-batch @req-BATCH-2
  Scenario: Those that fit a description get the order, and nobody else
    When the shift leader orders at those with the cabinet's relay id
      """
      {"smibConfig": {"coms": {"comsRateMs": 300}}}
      """
    Then the order is accepted for 1 cabinets
    And the SMIB receives an update of "coms" with
      """
      {"comsRateMs": 300}
      """
    And the other SMIB has received nothing at all

  @cap-batch @req-BATCH-3
  Scenario: With one unknown cabinet nobody gets the order
    Given the stored settings are noted
    When the shift leader orders at the cabinet and at "no-such-cabinet"
      """
      {"smibConfig": {"coms": {"comsRateMs": 350}}}
      """
    Then the request is refused with 400
    And the error names "no-such-cabinet"
    And the stored settings are as noted
    And the SMIB has received nothing at all

  @cap-batch @req-BATCH-3
  Scenario: With one wrong value nobody gets the order
    Given the stored settings are noted
    When the shift leader orders at both cabinets
      """
      {"smibConfig": {"coms": {"comsRateMs": 350, "comsMode": 7}}}
      """
    Then the request is refused with 400
    And the error names "comsMode"
    And the stored settings are as noted
    And the SMIB has received nothing at all
    And the other SMIB has received nothing at all

  @cap-batch @req-BATCH-4
  Scenario: The same request sent twice under one key is done once
    When the shift leader twice orders at both cabinets, under one key
      """
      {"machineControl": "RESTART"}
      """
    Then it is one batch
    And the SMIB has received "RESTART" once

  @cap-batch @req-BATCH-5
  Scenario: A SMIB that refuses is told apart, with its reason
    When the shift leader orders at both cabinets
      """
      {"smibConfig": {"coms": {"comsRateMs": 450}}}
      """
    And the SMIB confirms "coms", and the other refuses it with "comsRateMs: too fast"
      """
      {"comsRateMs": 450}
      """
    Then in the end 1 cabinets are "confirmed"
    And in the end 1 cabinets are "refused"
    And "comsRateMs: too fast" is told of the other cabinet

  @cap-templates @req-TEMPLATE-1
  Scenario: A template means at each cabinet what the cabinet is
    Given the shift leader has kept a template
      """
      {"mqtt": {"mqttUsername": "smib-{relayId}"}}
      """
    When the shift leader applies it at both cabinets
    Then the order is accepted for 2 cabinets
    And both SMIBs receive an update of "mqtt" in which "mqttUsername" is "smib-" and their relay id

  @cap-meters @req-METER-1
  Scenario: A machine is asked for its meters, and its answer is told by name
    When the operator asks for the meters, and the machine has counted
      | 0000 | 1234567 |
      | 0500 | 42      |
    Then the meter "coin in" is 1234567
    And the meter "games played" is 42

  @cap-meters @req-METER-2
  Scenario: A machine that does not tell its meters in time
    When the operator asks for the meters, and waits 1 s
    Then the request is refused with 504

  @cap-directory @req-FIRMWARE-1
  Scenario: A SMIB is told where its images are, then to install one, and is followed
    Given the shift leader has entered the firmware "9.8.7" in the directory
    When the shift leader installs it at the cabinet
    Then the SMIB is told where its images are, and confirms that
    And the SMIB is told to install "wifi.bin"
    When the SMIB tells "OTA_PROGRESS" of "40"
    Then in the end 1 cabinets are "installing"
    When the SMIB tells "OTA_COMPLETE" of "9.8.7"
    Then in the end 1 cabinets are "confirmed"

  @cap-directory @req-FIRMWARE-2
  Scenario: A SMIB that returns to its version before is told apart, with its reason
    Given the shift leader has entered the firmware "9.8.6" in the directory
    When the shift leader installs it at the cabinet
    Then the SMIB is told where its images are, and confirms that
    And the SMIB is told to install "wifi.bin"
    When the SMIB tells "OTA_FAILED" of "wifi.bin: does not start"
    Then in the end 1 cabinets are "rolledBack"
    And "does not start" is told of the cabinet
