Feature: What SMIBs report reaches those who watch
  Contract, section 2. The CMS listens on four topics and routes by the relay id in the payload.

  Background:
    Given a cabinet on the floor
    And its SMIB is connected

  @req-TOPIC-1
  Scenario Outline: A report on any of the four topics reaches the stream
    Given an operator watches the cabinet
    When the SMIB, as "RELAY", reports on "<topic>"
    Then the stream shows a message of the type "GAME_PLAYED"

    Examples:
      | topic                |
      | smib/config          |
      | sas/gli/server/RELAY |
      | sas/gy/server        |
      | sas/server           |

  @req-TOPIC-2
  Scenario: On a SMIB's own topic the sender may be left out
    Given an operator watches the cabinet
    When the SMIB reports on "sas/gli/server/RELAY"
      """
      {"typ": "GAME_WON", "pyd": "12"}
      """
    Then the stream shows a message of the type "GAME_WON"

  @req-TOPIC-3
  Scenario: A SMIB can't speak for another on its own topic
    Given another cabinet on the floor
    And the SMIB of the other cabinet is connected
    And an operator watches the cabinet
    And an operator watches the other cabinet
    When the SMIB reports as the other on its own topic
    Then the stream shows none of it
    And the other stream shows none of it

  @req-TOPIC-4
  Scenario: What SMIBs report reaches nobody who watches another relay
    Given another cabinet on the floor
    And the SMIB of the other cabinet is connected
    And an operator watches the other cabinet
    When the SMIB reports the event "GAME_PLAYED"
    And the SMIB answers its "coms" settings
      """
      {"comsMode": 1, "comsAddr": 1, "comsRateMs": 200, "comsRTE": 0, "comsGPC": 0}
      """
    Then the other stream shows none of it

  @req-TOPIC-5
  Scenario: What is published on the topics of orders is not taken for a report
    Given an operator watches the cabinet
    When the SMIB, as "RELAY", reports on "sas/relay/RELAY"
    Then the stream shows none of it
