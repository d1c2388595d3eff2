@cap-sas
Feature: The machine behind the device
  Contract, section 4: long poll 6F, meter reset, NVS frames and meter push.

  Background:
    Given a device on the floor
    And the CMS listens to the whole floor

  @req-SAS-1 @req-SAS-5
  Scenario: The poll of the contract is answered with ten meters of five bytes
    When the CMS polls the machine as the contract does
    Then the machine answers with the ten meters of the contract, in a frame as real boards send it
    And the answer is in the form of the contract, on "sas/gli/server/ID"

  @req-SAS-5
  Scenario Outline: A poll is answered with the meters that it asks for, in its order
    When the CMS polls the machine for "<meters>"
    Then the machine answers with its meters "<meters>"

    Examples:
      | meters                                                          |
      | coin in                                                         |
      | games lost, games won, games played                             |
      | current credits, bills accepted, total drop, total won, jackpot |

  @req-SAS-1
  Scenario: A poll in lower case is answered in upper case
    When the CMS polls the machine for "current credits, total won" in lower case
    Then the machine answers with its meters "current credits, total won"
    And the answer is in the form of the contract, on "sas/gli/server/ID"

  @req-SAS-6 @req-INT-21
  Scenario Outline: A frame that no SAS machine would answer
    When the CMS polls the machine with <flaw>
    Then the machine answers "-1"

    Examples:
      | flaw                             |
      | a wrong checksum                 |
      | its checksum the wrong way round |
      | a length that is not its own     |
      | another command                  |
      | no meter in it                   |
      | no hexadecimal digits            |
      | half a byte too little           |
      | nothing                          |

  @req-SAS-6 @req-INT-21
  Scenario: A machine at another address does not answer
    When the CMS polls address 2 for "coin in"
    Then the machine answers "-1"

  @req-SAS-5
  Scenario: A machine answers at the address that its settings give it
    Given the CMS has updated the device's "coms" settings
      """
      {"comsAddr": 127}
      """
    When the CMS polls address 127 for "coin in, coin out"
    Then the machine answers with its meters "coin in, coin out"
    When the CMS polls address 1 for "coin in"
    Then the machine answers "-1"

  @req-SAS-6 @req-INT-21
  Scenario Outline: A machine that is not SAS answers no long poll
    Given the CMS has updated the device's "coms" settings
      """
      {"comsMode": <mode>}
      """
    When the CMS polls the machine for "coin in"
    Then the machine answers "-1"

    Examples:
      | mode |
      | 1    |
      | 2    |

  @req-CFG-8
  Scenario Outline: A poll in a message that is none is ignored
    When the CMS sends the device
      """
      <payload>
      """
    Then the device has said nothing

    Examples:
      | payload                                                              |
      | {"typ": "cmd", "sta": "", "siz": 55, "pyd": "016F040000000033A1"}    |
      | {"typ": "cmd", "sta": "", "siz": "18", "pyd": "016F040000000033A1"}  |
      | {"typ": "cmd", "sta": "", "siz": 18, "pyd": ["016F040000000033A1"]}  |
      | {"typ": "cmd", "sta": ""}                                            |
      | {"typ": "cmd", "cmd": "format"}                                      |
      | {"typ": "sun", "sta": "162", "siz": 9, "pyd": "E101015B2C"}          |
      | {"typ": "sun", "sta": 162, "siz": 10, "pyd": "E101015B2C"}           |

  @req-SAS-10
  Scenario: The answer goes where the device's settings say
    When the CMS updates the device's "mqtt" settings
      """
      {"mqttPubTopic": "sas/gy/server"}
      """
    Then the device is back on the network
    When the CMS polls the machine for "coin in"
    Then the answer is in the form of the contract, on "sas/gy/server"

  @req-SAS-11
  Scenario: A locked machine tells its meters
    When the CMS orders the device to "LOCK MACHINE"
    Then the device reports "MACHINE_LOCKED"
    When the CMS polls the machine as the contract does
    Then the machine answers with the ten meters of the contract, in a frame as real boards send it

  @req-SAS-7
  Scenario: The meters of a SAS machine are its own: no reset from outside
    When the CMS orders the meters to be reset
    Then the machine answers "-1"
    And the answer is in the form of the contract, on "sas/gli/server/ID"

  @req-SAS-2 @req-INT-22
  Scenario: The meters of a machine that is not SAS are reset
    Given the CMS has updated the device's "coms" settings
      """
      {"comsMode": 1}
      """
    When the CMS orders the meters to be reset
    Then the machine answers "00"

  @req-SAS-3 @req-SAS-9
  Scenario Outline: The NVS is cleared by the frames of the contract
    When the CMS sends the NVS frame "<frame>"
    Then the device tells that the clearing is done, and then that the machine is idle

    Examples:
      | frame      |
      | E101015B2C |
      | E1010269B7 |
      | E10103783E |
      | E101040C81 |

  @req-SAS-8 @req-INT-25
  Scenario Outline: A clearing that fails says so, and is followed by the idle code too
    When the CMS sends an NVS frame with <flaw>
    Then the device tells that the clearing is failed, and then that the machine is idle

    Examples:
      | flaw                             |
      | a wrong checksum                 |
      | its checksum the wrong way round |
      | an area that does not exist      |
      | another command                  |
      | no frame                         |

  @req-SAS-3 @req-INT-23
  Scenario: Clearing all of the NVS takes neither the configuration nor a lock
    Given the CMS has updated the device's "coms" settings
      """
      {"comsRateMs": 777}
      """
    And the CMS has noted the device's settings
    When the CMS orders the NVS to be cleared of "all"
    Then the device tells that the clearing is done, and then that the machine is idle
    And nothing has changed in the device's settings

  @req-SAS-4
  Scenario: A meter push is answered by the device that it names
    Given another device on the floor
    When on the topic of all, the CMS asks the device to push its meters
    Then the machine answers with its meters "coin in, coin out, cancelled credits, handpaid cancelled credits, total won, total drop, jackpot, current credits, games played, games won"
    And the other device has said nothing

  @req-INT-26
  Scenario: A push shows the ten meters of the contract's long poll
    When on the topic of all, the CMS asks the device to push its meters
    Then the machine answers with the ten meters of the contract, in a frame as real boards send it

  @req-SAS-4 @req-INT-28
  Scenario Outline: What else comes on the topic of all is no order
    When on the topic of all, the CMS sends
      """
      <payload>
      """
    Then the device has said nothing

    Examples:
      | payload                                                                   |
      | {"typ": "cfg", "comp": "net"}                                             |
      | {"typ": "rst"}                                                            |
      | {"command": "LOCK MACHINE", "action": "lock_machine"}                     |
      | {"typ": "exp", "rly": "e831cdfffffe", "mac": "", "tkn": "", "pyd": "0A"}  |
      | {"typ": "exp", "rly": "ID", "mac": "", "tkn": "", "pyd": "0B"}            |
      | {"typ": "exp", "rly": ["ID"], "mac": "", "tkn": "", "pyd": "0A"}          |
      | {"typ": "exp", "mac": "", "tkn": "", "pyd": "0A"}                         |
