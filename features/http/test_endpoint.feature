Feature: Trying the broker out
  Specification, endpoint 7; contract, section 6.

  Background:
    Given a cabinet on the floor

  @req-API-13
  Scenario: Connecting
    When the operator tests the broker with
      """
      {"action": "connect"}
      """
    Then the operator is told that it succeeded
    And the answer holds
      """
      {"action": "connect", "relayId": "e831cdfa8384"}
      """
    And the answer is signed with the time in UTC

  @req-API-13
  Scenario: Publishing a probe, which the SMIB receives
    Given its SMIB is connected
    When the operator tests the broker with
      """
      {"action": "publish", "relayId": "RELAY"}
      """
    Then the operator is told that it succeeded
    And the answer holds
      """
      {"action": "publish", "relayId": "RELAY", "topic": "sas/relay/RELAY"}
      """
    And the SMIB receives the message that the answer shows as published
    And that message has the fields "command", "timestamp" and "source" of the specification

  @req-API-13
  Scenario: Publishing a message of one's own
    Given its SMIB is connected
    When the operator tests the broker with
      """
      {"action": "publish", "relayId": "RELAY", "message": "custom message"}
      """
    Then the operator is told that it succeeded
    And the SMIB receives the message that the answer shows as published
    And "custom message" stands in that message

  @req-API-13
  Scenario: Subscribing
    When the operator tests the broker with
      """
      {"action": "subscribe", "relayId": "RELAY"}
      """
    Then the operator is told that it succeeded
    And the answer holds
      """
      {"action": "subscribe", "relayId": "RELAY"}
      """

  @req-HTTP-2
  Scenario Outline: What is no test is refused
    Given its SMIB is connected
    When somebody posts to the test endpoint <body>
    Then the request is refused with 400
    And the error names "<field>"
    And the SMIB has received nothing at all

    Examples:
      | body                                                                | field   |
      | {"relayId": "RELAY"}                                                | action  |
      | {"action": "destroy", "relayId": "RELAY"}                           | action  |
      | {"action": 1, "relayId": "RELAY"}                                   | action  |
      | {"action": ["publish"], "relayId": "RELAY"}                         | action  |
      | {"action": "publish", "relayId": "RELAY", "message": 5}             | message |
      | {"action": "publish", "relayId": "RELAY", "message": {"a": "b"}}    | message |

  @req-API-14
  Scenario: It is off when the service listens beyond this machine
    Given a CMS of its own that listens beyond this machine
    And the CMS is ready
    And its SMIB is connected
    When the operator tests the broker with
      """
      {"action": "publish", "relayId": "RELAY"}
      """
    Then the request is refused with 403
    And the SMIB has received nothing at all
