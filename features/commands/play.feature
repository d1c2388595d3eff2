@cap-play @cap-sas
Feature: What happens at the machine
  Contract, section 4: games, bills, doors and faults, as events and as SAS exceptions.

  Background:
    Given the CMS listens to the whole floor
    And a machine that can be played

  @req-EVT-1 @req-EVT-3 @req-INT-10
  Scenario: A bill, a game that is lost and one that is won are told with their amounts
    When a player inserts a bill of 20
    Then the device tells, one after the other
      | BILL_ACCEPTED | 2000 |
    When a player plays a game and loses
    Then the device tells, one after the other
      | GAME_PLAYED | 50 |
      | GAME_LOST   | 50 |
    When a player plays a game and wins 250 credits
    Then the device tells, one after the other
      | GAME_PLAYED | 50  |
      | GAME_WON    | 250 |
    And all that it told is in the form of the contract

  @req-SAS-1 @req-INT-10 @req-INT-11
  Scenario: The meters are the sums of what was told
    Given a player has inserted a bill of 100
    When a player plays 7 games, the last of which wins 500 credits
    Then the machine's meters say
      | coin in         | 350   |
      | coin out        | 500   |
      | total won       | 500   |
      | total drop      | 10000 |
      | current credits | 10150 |
      | games played    | 7     |
      | games won       | 1     |
      | jackpot         | 0     |

  @req-EVT-4 @req-INT-12 @req-INT-18
  Scenario: A large win is a jackpot, which an attendant pays
    Given a player has inserted a bill of 20
    When a player plays a game and wins 150000 credits
    Then the device tells, one after the other
      | GAME_PLAYED | 50     |
      | GAME_WON    | 150000 |
      | JACKPOT_HIT | 150000 |
    And the machine's meters say
      | jackpot         | 150000 |
      | coin out        | 0      |
      | total won       | 150000 |
      | current credits | 1950   |
    When a player plays a game and loses
    Then the device tells nothing of it
    When at the machine, "handpay" is put right
    And a player plays a game and loses
    Then the device tells, one after the other
      | GAME_PLAYED | 50 |
      | GAME_LOST   | 50 |

  @req-CMD-10 @req-INT-16
  Scenario: A locked machine plays no game and takes no bill, and plays again when it is unlocked
    Given a player has inserted a bill of 20
    When the CMS orders the device to "LOCK MACHINE"
    Then the device reports "MACHINE_LOCKED"
    When a player plays a game and loses
    Then the device tells nothing of it
    When a player inserts a bill of 20
    Then the device tells nothing of it
    And the machine's meters say
      | coin in         | 0    |
      | current credits | 2000 |
      | games played    | 0    |
    When the CMS orders the device to "UNLOCK MACHINE"
    Then the device reports "MACHINE_UNLOCKED"
    When a player plays a game and loses
    Then the device tells, one after the other
      | GAME_PLAYED | 50 |
      | GAME_LOST   | 50 |

  @req-CMD-7
  Scenario: A lock survives a restart of the SMIB
    Given a player has inserted a bill of 20
    When the CMS orders the device to "LOCK MACHINE"
    Then the device reports "MACHINE_LOCKED"
    When the CMS orders the device to "RESTART"
    Then the device is back with its five components, one after the other
    When a player plays a game and loses
    Then the device tells nothing of it

  @req-CMD-7
  Scenario: A lock survives the loss of power
    Given a player has inserted a bill of 20
    When the CMS orders the device to "LOCK MACHINE"
    Then the device reports "MACHINE_LOCKED"
    When the power of the machine is cut
    And the power of the machine comes back
    Then the device is back on the network
    When a player inserts a bill of 20
    Then the device tells nothing of it

  @req-CMD-6 @req-CMD-10
  Scenario: A lock that came too late stops nobody from playing
    Given a player has inserted a bill of 20
    When the CMS orders the device to "LOCK MACHINE", 31 s ago
    Then the device has said nothing but "COMMAND_EXPIRED"
    When a player plays a game and loses
    Then the device tells, one after the other
      | GAME_PLAYED | 50 |
      | GAME_LOST   | 50 |

  @req-EVT-2 @req-INT-13
  Scenario: With real-time events on, the machine's own codes come too, in its order
    Given the CMS has updated the device's "coms" settings
      """
      {"comsRTE": 1}
      """
    When a player inserts a bill of 20
    Then the device tells, one after the other
      | BILL_ACCEPTED | 2000 |
      | exp           | 4A   |
    When a player plays a game and loses
    Then the device tells, one after the other
      | exp         | 7E |
      | GAME_PLAYED | 50 |
      | GAME_LOST   | 50 |
      | exp         | 7F |
    And all that it told is in the form of the contract

  @req-EVT-2
  Scenario Outline: Each bill has its code
    Given the CMS has updated the device's "coms" settings
      """
      {"comsRTE": 1}
      """
    When a player inserts a bill of <bill>
    Then the device tells "exp" with "<code>"

    Examples:
      | bill | code |
      | 1    | 47   |
      | 5    | 48   |
      | 10   | 49   |
      | 50   | 4B   |
      | 100  | 4C   |
      | 3    | 4F   |

  @req-EVT-2 @req-INT-14
  Scenario: Doors are told by the machine's codes alone
    When at the machine, "slot door" begins
    Then the device tells nothing of it
    When at the machine, "slot door" is put right
    Then the device tells nothing of it
    Given the CMS has updated the device's "coms" settings
      """
      {"comsRTE": 1}
      """
    When at the machine, "slot door" begins
    Then the device tells, one after the other
      | exp | 11 |
    When at the machine, "slot door" is put right
    Then the device tells, one after the other
      | exp | 12 |

  @req-EVT-5 @req-INT-15
  Scenario Outline: What is the matter with a machine is told by the contract's events
    When at the machine, "<condition>" begins
    Then the device reports "<event>"
    And all that it told is in the form of the contract

    Examples:
      | condition    | event             |
      | tilt         | HARDWARE_ERROR    |
      | bill jam     | VALIDATOR_ERROR   |
      | stacker full | BILL_STACKER_FULL |

  @req-EVT-5
  Scenario: A validator that is full takes no more bills until it was emptied
    Given a player has inserted a bill of 20
    And a player has inserted a bill of 20
    When a player inserts a bill of 20
    Then the device tells, one after the other
      | BILL_ACCEPTED     | 2000 |
      | BILL_STACKER_FULL |      |
    When a player inserts a bill of 20
    Then the device tells nothing of it
    When at the machine, "stacker full" is put right
    And a player inserts a bill of 20
    Then the device tells, one after the other
      | BILL_ACCEPTED | 2000 |

  @req-INT-16
  Scenario: An open door stops games and bills
    Given a player has inserted a bill of 20
    When at the machine, "slot door" begins
    And a player plays a game and loses
    Then the device tells nothing of it
    When a player inserts a bill of 5
    Then the device tells nothing of it

  @req-INT-17 @req-INT-16
  Scenario: On a locked machine a player's credits can still be cashed out
    Given a player has inserted a bill of 20
    And the CMS has updated the device's "coms" settings
      """
      {"comsRTE": 1}
      """
    When the CMS orders the device to "LOCK MACHINE"
    Then the device reports "MACHINE_LOCKED"
    When the player cashes out
    Then the device tells, one after the other
      | exp | 66 |
      | exp | 3D |
    And the machine's meters say
      | current credits   | 0    |
      | cancelled credits | 2000 |

  @req-EVT-2
  Scenario: After the loss of power the machine tells that it is back
    Given the CMS has updated the device's "coms" settings
      """
      {"comsRTE": 1}
      """
    When the power of the machine is cut
    And the power of the machine comes back
    Then the device is back on the network
    And the device tells "exp" with "17"

  @req-INT-19
  Scenario: A door that was opened while the power was off is told when it is back
    Given the CMS has updated the device's "coms" settings
      """
      {"comsRTE": 1}
      """
    When the power of the machine is cut
    And while it is off, "slot door" begins
    And the power of the machine comes back
    Then the device is back on the network
    And the device tells "exp" with "11"

  @req-SAS-3 @req-INT-27
  Scenario: The meters are cleared by the frame for meters
    Given a player has inserted a bill of 20
    When a player plays 3 games, the last of which wins 100 credits
    And the CMS orders the NVS to be cleared of "meters"
    Then the device tells that the clearing is done, and then that the machine is idle
    And every meter of the machine is 0

  @req-SAS-3
  Scenario: The frames for validator and door leave the meters alone
    Given a player has inserted a bill of 20
    When the CMS orders the NVS to be cleared of "door"
    Then the device tells that the clearing is done, and then that the machine is idle
    When the CMS orders the NVS to be cleared of "bill validator"
    Then the device tells that the clearing is done, and then that the machine is idle
    And the machine's meters say
      | total drop | 2000 |

  @req-SAS-8
  Scenario: A clearing that fails clears nothing
    Given a player has inserted a bill of 20
    When the CMS sends an NVS frame with a wrong checksum
    Then the device tells that the clearing is failed, and then that the machine is idle
    And the machine's meters say
      | total drop | 2000 |

  @req-INT-24
  Scenario: Clearing the bill validator empties it
    Given a player has inserted a bill of 20
    And a player has inserted a bill of 20
    And a player has inserted a bill of 20
    When a player inserts a bill of 20
    Then the device tells nothing of it
    When the CMS orders the NVS to be cleared of "bill validator"
    Then the device tells that the clearing is done, and then that the machine is idle
    When a player inserts a bill of 20
    Then the device tells, one after the other
      | BILL_ACCEPTED | 2000 |

  @req-INT-23
  Scenario: Clearing all of the NVS does not unlock a machine
    Given a player has inserted a bill of 20
    When the CMS orders the device to "LOCK MACHINE"
    Then the device reports "MACHINE_LOCKED"
    When the CMS orders the NVS to be cleared of "all"
    Then the device tells that the clearing is done, and then that the machine is idle
    And every meter of the machine is 0
    When a player inserts a bill of 20
    Then the device tells nothing of it

  @req-SAS-2 @req-SAS-7
  Scenario: A meter reset clears the meters of a machine that is not SAS, and no other's
    Given a player has inserted a bill of 20
    When the CMS orders the meters to be reset
    Then the machine answers "-1"
    And the machine's meters say
      | total drop | 2000 |
    Given the CMS has updated the device's "coms" settings
      """
      {"comsMode": 1}
      """
    When the CMS orders the meters to be reset
    Then the machine answers "00"
    And every meter of the machine is 0

  @req-SAS-12
  Scenario: Meters survive the loss of power
    Given a player has inserted a bill of 20
    When a player plays 2 games, the last of which wins 100 credits
    And the power of the machine is cut
    And the power of the machine comes back
    Then the device is back on the network
    And the machine's meters say
      | coin in         | 100  |
      | coin out        | 100  |
      | current credits | 2000 |
      | games played    | 2    |
