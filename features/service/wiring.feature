Feature: How the CMS and its broker find each other
  Contract, section 5; specification, "Console Logging".

  @req-SVC-9
  Scenario: The pauses between attempts to connect grow
    Given a place where every connection is closed at once
    And a CMS of its own that looks for its broker there
    Then its attempts come at growing pauses, from half a second up

  @cap-tls @req-SVC-12
  Scenario: It reaches its broker over TLS
    Given an authority that the CMS trusts
    And a broker over TLS with a certificate of that authority
    And a CMS of its own that comes over TLS by mqtts
    And the CMS is ready
    And a cabinet on the floor
    And its SMIB is connected
    And an operator watches the cabinet
    When the operator asks for the "net" settings
    Then the SMIB is asked for its "net" settings, and told nothing else
    When the SMIB reports the event "GAME_PLAYED"
    Then the stream shows the event "GAME_PLAYED"

  @cap-tls @cap-websocket @req-SVC-12
  Scenario: It reaches its broker over TLS and WebSocket
    Given an authority that the CMS trusts
    And a broker over TLS with a certificate of that authority
    And a CMS of its own that comes over TLS by wss
    And the CMS is ready
    And a cabinet on the floor
    And its SMIB is connected
    And an operator watches the cabinet
    When the operator asks for the "net" settings
    Then the SMIB is asked for its "net" settings, and told nothing else
    When the SMIB reports the event "GAME_PLAYED"
    Then the stream shows the event "GAME_PLAYED"

  @cap-tls @req-SVC-14
  Scenario: A broker whose certificate is of no authority that it trusts is no broker
    Given an authority that the CMS trusts
    And a broker over TLS with a certificate of another authority
    And a CMS of its own that comes over TLS by mqtts
    Then the CMS is alive, but not ready

  @cap-log @req-INT-50 @req-SECRET-2
  Scenario: The settings go before what the URI says
    Given a broker of its own that knows only the user "floor" with the password "right-password"
    And a CMS of its own with
      | MQTT_URI      | mqtt://guest:wrong-password@BROKER |
      | MQTT_USERNAME | floor                              |
      | MQTT_PASSWORD | right-password                     |
    Then the CMS is ready
    And "wrong-password" stands nowhere in the log of the CMS
    And "right-password" stands nowhere in the log of the CMS

  @cap-cabinets @req-ID-5 @req-ID-1
  Scenario: A cabinet may be told by its smibBoard, the old alias
    Given a broker of its own
    And a cabinet on the floor
    And a CMS of its own that was told of a cabinet by its smibBoard
    And the CMS is ready
    And its SMIB is connected
    When the operator saves
      """
      {"smibConfig": {"coms": {"comsMode": 1}}}
      """
    Then the operator is told that it succeeded
    And the SMIB receives an update of "coms" with
      """
      {"comsMode": 1}
      """
    When the operator reads the stored settings
    Then "data" of the answer holds
      """
      {"relayId": "RELAY"}
      """

  @cap-log @req-SVC-13
  Scenario: The documented moments stand in the log of our CMS, one after the other
    Given a cabinet on the floor
    And its SMIB is connected
    Then its log tells that it is connected, and that before nobody was subscribed
    And the log of the CMS tells these moments, one after the other, when
      | an operator begins to watch | sse subscribe relay=RELAY                                        | callback registered relay=RELAY | sse subscribed relay=RELAY             |
      | an operator asks            | config request comp=mqtt relay=RELAY topic=sas/relay/RELAY       | request accepted relay=RELAY    | answer status=200                      |
      | the SMIB answers            | config answer comp=mqtt relay=RELAY                              |                                 |                                        |

  @cap-cabinets @req-INT-41
  Scenario: A SMIB whose last will was published is gone, although it was heard a moment ago
    Given a cabinet on the floor
    And its SMIB is connected, and leaves a last will
    And an operator watches the cabinet
    When the SMIB reports the event "NETWORK_CONNECTED"
    Then the stream shows the event "NETWORK_CONNECTED"
    And the cabinet is listed as online
    When the SMIB vanishes without a word
    Then the stream shows the event "NETWORK_DISCONNECTED"
    And the cabinet is listed as gone

  @cap-queue @req-QUEUE-6 @req-QUEUE-1
  Scenario: What waited is sent in the order in which it was given
    Given a broker of its own
    And a CMS of its own
    And the CMS is ready
    And a cabinet on the floor
    When the broker goes away
    And the CMS has noticed that the broker is away
    And the operator saves
      """
      {"smibConfig": {"coms": {"comsMode": 1}}}
      """
    And the operator orders "LOCK MACHINE"
    And the operator saves
      """
      {"smibConfig": {"ota": {"otaURL": "http://firmware.example/"}}}
      """
    And the operator orders "UNLOCK MACHINE"
    And the broker comes back, and lets the SMIB in before the CMS
    Then the SMIB receives "coms, LOCK MACHINE, ota, UNLOCK MACHINE", in this order

  @cap-queue @req-QUEUE-2 @req-QUEUE-1
  Scenario: Of many edits that wait, the newest value of each field of each component is sent, once
    Given a broker of its own
    And a CMS of its own
    And the CMS is ready
    And a cabinet on the floor
    When the broker goes away
    And the CMS has noticed that the broker is away
    And the operator saves
      """
      {"smibConfig": {"coms": {"comsMode": 1, "comsAddr": 1}, "net": {"netStaSSID": "First", "netStaChan": 2}}}
      """
    And the operator saves
      """
      {"smibConfig": {"coms": {"comsAddr": 2, "comsGPC": 7}}}
      """
    And the operator saves
      """
      {"smibConfig": {"net": {"netStaSSID": "Second"}, "coms": {"comsAddr": 3}}}
      """
    And the broker comes back, and lets the SMIB in before the CMS
    And the CMS is ready again
    Then the SMIB receives an update of "net" with
      """
      {"netStaSSID": "Second", "netStaChan": 2}
      """
    And the only updates of "coms" that the SMIB receives are, in this order
      """
      {"comsMode": 1, "comsAddr": 3, "comsGPC": 7}
      """
