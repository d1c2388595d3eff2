Feature: What a stream carries
  Contract, sections 5 and 6: whatever a SMIB says reaches the operator whole, and no reader disturbs another.

  Background:
    Given a cabinet on the floor
    And its SMIB is connected

  @req-SSE-8
  Scenario Outline: No text of a report breaks out of its frame
    Given an operator watches the cabinet
    When the SMIB reports on "sas/gli/server/RELAY"
      """
      {"rly": "RELAY", "typ": "GAME_WON", "mac": "", "tkn": "<text>", "pyd": "1"}
      """
    Then its frame is
      """
      {"type": "config_update", "relayId": "RELAY",
       "data": {"rly": "RELAY", "typ": "GAME_WON", "mac": "", "tkn": "<text>", "pyd": "1"}}
      """

    Examples:
      | text                                                |
      | a\\n\\ndata: {\\"type\\":\\"heartbeat\\"}\\n\\n     |
      | a\\r\\rdata: x\\r\\r                                |
      | \\u2028\\u2029\\u0085                               |
      | \\u0000\\u0007\\u001b[2J                            |
      | event: end\\nid: 7\\nretry: 1                       |
      | 🎰 קזינו كازينو カジノ                              |
      | <script>alert('x')</script>                         |

  @req-SSE-8
  Scenario: Numbers, nothing and nesting are passed on as they came
    Given an operator watches the cabinet
    When the SMIB reports on "sas/server"
      """
      {"rly": "RELAY", "typ": "zz1", "whole": 9007199254740991, "part": 0.1, "big": 1e+30, "none": null,
       "yes": true, "deep": [[[[[{"a": {}}]]]]], "empty": ""}
      """
    Then its frame is
      """
      {"type": "config_update", "relayId": "RELAY",
       "data": {"rly": "RELAY", "typ": "zz1", "whole": 9007199254740991, "part": 0.1, "big": 1e+30, "none": null,
                "yes": true, "deep": [[[[[{"a": {}}]]]]], "empty": ""}}
      """

  @req-SSE-8 @req-ROUTE-5
  Scenario: A report of nearly 64 KiB is shown whole
    Given an operator watches the cabinet
    When the SMIB reports 2 games of 63 KiB each
    Then the stream shows all 2 games

  @req-SSE-3
  Scenario: A refusal of the SMIB is shown with its reason
    Given an operator watches the cabinet
    When the SMIB answers its "coms" settings
      """
      {"comsMode": 0, "comsAddr": 1, "comsRateMs": 200, "comsRTE": 0, "comsGPC": 0, "err": "comsMode: 0 to 2 was wanted"}
      """
    Then the stream shows the "coms" settings with
      """
      {"comsMode": 0, "err": "comsMode: 0 to 2 was wanted"}
      """

  @req-SSE-4
  Scenario Outline: A machine's own words are shown as they are
    Given an operator watches the cabinet
    When the SMIB reports on "sas/gy/server"
      """
      <report>
      """
    Then its frame is
      """
      {"type": "config_update", "relayId": "RELAY", "data": <report>}
      """

    Examples:
      | report                                                                                   |
      | {"typ": "rsp", "rly": "RELAY", "mac": "RELAY", "sta": "", "pyd": "-1"}                   |
      | {"typ": "srsp", "rly": "RELAY", "sta": "162", "pyd": "E101015B2C"}                       |
      | {"typ": "exp", "rly": "RELAY", "mac": "RELAY", "tkn": "", "pyd": "7E"}                   |
      | {"typ": "JACKPOT_HIT", "rly": "RELAY", "mac": "RELAY", "tkn": "", "pyd": "150000"}       |
      | {"typ": "OTA_PROGRESS", "rly": "RELAY", "mac": "RELAY", "tkn": "", "pyd": "50"}          |
      | {"typ": 7, "rly": "RELAY"}                                                               |

  @req-ROUTE-1 @req-ROUTE-3
  Scenario: Ten operators see a long run of games, each in the order in which they were played
    Given 10 operators watch the cabinet
    When the SMIB reports 100 games in a row
    Then every stream shows 100 games in the order in which they were played

  @req-TOPIC-4 @req-ROUTE-3
  Scenario: Two SMIBs report at once, and each stream shows its own in order
    Given another cabinet on the floor
    And the SMIB of the other cabinet is connected
    And an operator watches the cabinet
    And an operator watches the other cabinet
    When both SMIBs report 60 games each, in turn
    Then each stream shows the 60 games of its own SMIB in order

  @req-ROUTE-7 @req-INT-53
  Scenario: An operator whose line was stuck is told what he missed
    Given an operator watches the cabinet
    And another operator watches it who does not read
    When the SMIB reports 600 games of 16 KiB each
    Then the stream shows all 600 games
    When the one who did not read reads on
    Then he is told that messages were dropped, and how many

  @req-SSE-1 @req-ROUTE-2
  Scenario: A stream can be opened again and again
    When an operator opens and closes a stream of the cabinet 30 times
    And an operator watches the cabinet
    And the SMIB reports the event "GAME_PLAYED"
    Then the stream shows the event "GAME_PLAYED"

  @req-SSE-1
  Scenario: A relay of no cabinet can be watched too
    Given a SMIB with the relay id "e831cdfa8f01" is connected
    And an operator watches the relay "e831cdfa8f01"
    When the SMIB reports the event "GAME_PLAYED"
    Then the stream shows the event "GAME_PLAYED"
