Feature: Watching a SMIB
  Specification, endpoint 6; contract, sections 5 and 6.

  Background:
    Given a cabinet on the floor
    And its SMIB is connected

  @req-SSE-1 @req-SSE-2
  Scenario: A stream begins with its connection
    When an operator watches the cabinet
    Then the stream begins with
      """
      {"type": "connected", "relayId": "RELAY", "message": "Connected to MQTT config stream"}
      """
    And its headers keep proxies and caches from holding it back

  @req-SSE-3
  Scenario: An answer of the SMIB becomes one frame, passwords included for him who may change them
    Given an operator watches the cabinet
    When the SMIB answers its "net" settings
      """
      {"netMode": 0, "netStaSSID": "New_WiFi", "netStaPwd": "password123", "netStaChan": 1}
      """
    Then its frame is
      """
      {"type": "config_update", "relayId": "RELAY", "component": "net",
       "data": {"rly": "RELAY", "typ": "cfg", "comp": "net", "netMode": 0,
                "netStaSSID": "New_WiFi", "netStaPwd": "password123", "netStaChan": 1}}
      """

  @req-SSE-4
  Scenario: A message without a component becomes a frame without one
    Given an operator watches the cabinet
    When the SMIB reports on "sas/gy/server"
      """
      {"typ": "BILL_ACCEPTED", "rly": "RELAY", "mac": "RELAY", "tkn": "", "pyd": "20"}
      """
    Then its frame is
      """
      {"type": "config_update", "relayId": "RELAY",
       "data": {"typ": "BILL_ACCEPTED", "rly": "RELAY", "mac": "RELAY", "tkn": "", "pyd": "20"}}
      """

  @req-SSE-4
  Scenario: A message that no contract knows is passed on whole
    Given an operator watches the cabinet
    When the SMIB reports on "sas/server"
      """
      {"rly": "RELAY", "typ": "zz9", "deep": {"list": [1, 2.5, null, true, "ü"]}}
      """
    Then its frame is
      """
      {"type": "config_update", "relayId": "RELAY",
       "data": {"rly": "RELAY", "typ": "zz9", "deep": {"list": [1, 2.5, null, true, "ü"]}}}
      """

  @req-SSE-5
  Scenario: Whatever comes after the first frame is shown, however fast it comes
    When 20 operators watch the cabinet one after another, and the SMIB reports as soon as each is connected
    Then none of the 20 has missed the report

  @req-ROUTE-1
  Scenario: Each of several operators on one SMIB sees everything
    Given 3 operators watch the cabinet
    When the SMIB reports the event "GAME_PLAYED"
    Then every stream shows the event "GAME_PLAYED"

  @req-ROUTE-2
  Scenario: One of several operators leaves, and the others see on
    Given 3 operators watch the cabinet
    When the first of them leaves
    And the SMIB reports the event "GAME_PLAYED"
    Then every stream shows the event "GAME_PLAYED"
    When the SMIB reports the event "GAME_LOST"
    Then every stream shows the event "GAME_LOST"

  @req-ROUTE-2
  Scenario: All operators leave, and one who comes later sees again
    Given 2 operators watch the cabinet
    When all of them leave
    And the SMIB reports the event "GAME_LOST"
    And the CMS has heard it
    And an operator watches the cabinet
    And the SMIB reports the event "GAME_PLAYED"
    Then the stream shows the event "GAME_PLAYED" first

  @req-ROUTE-3
  Scenario: The messages of one SMIB keep their order
    Given an operator watches the cabinet
    When the SMIB reports 40 games in a row
    Then the stream shows 40 games in the order in which they were played

  @req-ROUTE-4
  Scenario: An operator whose line is stuck holds up nobody
    Given an operator watches the cabinet
    And another operator watches it who does not read
    When the SMIB reports 300 games of 16 KiB each
    Then the stream shows all 300 games
    When the operator reads the stored settings
    Then the operator is told that it succeeded

  @req-SSE-6
  Scenario: A heartbeat comes every five seconds, whatever else is sent
    Given an operator watches the cabinet
    When the SMIB reports the event "GAME_PLAYED" until the stream has shown 2 heartbeats
    Then the heartbeats came 5 s apart
    And each heartbeat names the relay and the time

  @req-SSE-7
  Scenario: A stream without a relay id is refused as any request is
    When the operator gets "/api/mqtt/config/subscribe"
    Then the request is refused with 400
    And the error names "relayId"
