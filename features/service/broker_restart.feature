Feature: The broker restarts
  Contract, section 5.

  @req-SVC-2 @req-SVC-3
  Scenario: A broker that restarts at once costs nobody anything but its time
    Given a broker of its own
    And a CMS of its own
    And the CMS is ready
    And a cabinet on the floor
    And an operator watches the cabinet
    When the broker restarts
    And the CMS is ready again
    And its SMIB connects again
    And the SMIB reports the event "GAME_PLAYED" until the stream shows it
    And the operator asks for the "net" settings
    Then the SMIB is asked for its "net" settings, and told nothing else
