Feature: Where the CMS sends its orders
  Contract, section 2.

  @req-TOPIC-6 @req-CFG-1
  Scenario Outline: A request goes to the SMIB's own topic and holds nothing but its component
    Given a cabinet on the floor
    And its SMIB is connected
    When the operator asks for the "<component>" settings
    Then the operator is told that it succeeded
    And the SMIB is asked for its "<component>" settings, and told nothing else

    Examples:
      | component |
      | mqtt      |
      | ota       |
      | coms      |
      | net       |
      | app       |

  @req-TOPIC-7
  Scenario: Requests, updates and commands wait for no SMIB that connects later
    Given a cabinet on the floor
    When the operator asks for the "net" settings
    And the operator publishes
      """
      {"typ": "cfg", "comp": "coms", "comsMode": 1}
      """
    And the operator orders "RESTART"
    And its SMIB connects only now
    Then the SMIB has received nothing at all

  @req-TOPIC-8
  Scenario: An update is retained where the operator switched that on, a command never
    Given a broker of its own
    And a CMS of its own with
      | MQTT_RETAIN_CONFIG | 1 |
    And the CMS is ready
    And a cabinet on the floor
    When the operator publishes
      """
      {"typ": "cfg", "comp": "coms", "comsMode": 1}
      """
    And the operator orders "LOCK MACHINE"
    And the operator asks for the "net" settings
    And its SMIB connects only now
    Then the SMIB has received one retained message, the update of "coms"

  @req-TOPIC-9
  Scenario Outline: A topic prefix works with and without its trailing slash
    Given a CMS of its own with
      | MQTT_PUB_TOPIC | <orders>    |
      | MQTT_CFG_TOPIC | lab/config  |
      | MQTT_SUB_TOPIC | <reports>   |
    And the CMS is ready
    And a cabinet on the floor
    And its SMIB is connected on the topics of "lab"
    And an operator watches the cabinet
    When the operator asks for the "net" settings
    Then the SMIB is asked for its "net" settings, and told nothing else
    When the SMIB answers its "net" settings
      """
      {"netMode": 1, "netStaSSID": "Old_WiFi", "netStaPwd": "", "netStaChan": 1}
      """
    Then the stream shows the "net" settings with
      """
      {"netStaSSID": "Old_WiFi"}
      """
    When the SMIB reports the event "GAME_PLAYED"
    Then the stream shows the event "GAME_PLAYED"

    Examples:
      | orders     | reports     |
      | lab/relay/ | lab/server/ |
      | lab/relay  | lab/server  |
