Feature: Malformed traffic
  Contract, sections 2 and 3: what is no report is passed over, and routing goes on.

  @req-ROUTE-5
  Scenario Outline: What nobody can read disturbs nobody
    Given a cabinet on the floor
    And its SMIB is connected
    And an operator watches the cabinet
    When somebody publishes <kind> on every topic of reports
    Then the stream shows none of it

    Examples:
      | kind                             |
      | nothing                          |
      | text                             |
      | cut-off JSON                     |
      | a list                           |
      | a string                         |
      | a number                         |
      | null                             |
      | bytes that are not UTF-8         |
      | JSON nested 10,000 deep          |
      | NaN                              |
      | over 64 KiB                      |
      | a megabyte                       |

  @req-ROUTE-6
  Scenario Outline: A report whose sender is no text is passed over
    Given a cabinet on the floor
    And its SMIB is connected
    And an operator watches the cabinet
    When somebody publishes on every topic of reports {"rly": <sender>, "typ": "GAME_PLAYED"}
    Then the stream shows none of it

    Examples:
      | sender              |
      | 831000008384        |
      | ["RELAY"]           |
      | {"id": "RELAY"}     |
      | null                |
      | true                |
      | ""                  |
      | "RELAY/x"           |

  @req-ROUTE-6
  Scenario: A report without a sender on a shared topic is nobody's
    Given a cabinet on the floor
    And its SMIB is connected
    And an operator watches the cabinet
    When somebody publishes on every shared topic {"typ": "GAME_PLAYED", "pyd": "1"}
    Then the stream shows none of it

  @req-ROUTE-5
  Scenario: A flood of it does not stop the CMS
    Given a cabinet on the floor
    And its SMIB is connected
    And an operator watches the cabinet
    When somebody publishes 300 pieces of noise
    Then the stream shows none of it
    When the operator asks for the "net" settings
    Then the SMIB is asked for its "net" settings, and told nothing else
