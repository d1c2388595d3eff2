Feature: The cabinets of the floor, and how the service is
  Issue 2; contract, sections 1, 4 and 6.

  @req-CAB-1
  Scenario: A cabinet is listed with its SMIB and its location
    Given a cabinet on the floor
    When the operator gets "/api/cabinets"
    Then the cabinet is listed, in "Main Floor" and with its relay id

  @req-CAB-2
  Scenario: A SMIB that was heard is online, one that never was is not
    Given a cabinet on the floor
    And another cabinet on the floor
    And its SMIB is connected
    And an operator watches the cabinet
    When the SMIB reports the event "NETWORK_CONNECTED"
    Then the stream shows the event "NETWORK_CONNECTED"
    And the cabinet is listed as online
    And the other cabinet is not listed as online

  @req-SVC-1
  Scenario: A service that works says so
    Given the CMS is ready
    When the operator gets "/healthz"
    Then the operator is told that it succeeded
    When the operator gets "/readyz"
    Then the operator is told that it succeeded
