Feature: How the CMS starts
  Contract, section 5.

  @req-SVC-5
  Scenario: It starts without its broker, and is ready when there is one
    Given a broker of its own
    And the broker is away
    And a CMS of its own
    Then the CMS is alive, but not ready
    When the broker comes back
    And the CMS is ready again
    Then the CMS is ready

  @req-SVC-6 @req-SECRET-2
  Scenario Outline: It signs in at the broker, by the URI or by its settings
    Given a broker of its own that knows only the user "floor" with the password "p@ss/word-1"
    And a CMS of its own with
      | MQTT_URI      | <uri>      |
      | MQTT_USERNAME | <user>     |
      | MQTT_PASSWORD | <password> |
    And the CMS is ready
    And a cabinet on the floor
    And its SMIB is connected
    When the operator asks for the "net" settings
    Then the SMIB is asked for its "net" settings, and told nothing else
    And "p@ss/word-1" stands nowhere in the log of the CMS
    And "p%40ss%2Fword-1" stands nowhere in the log of the CMS

    Examples:
      | uri                                 | user  | password    |
      | mqtt://floor:p%40ss%2Fword-1@BROKER |       |             |
      | mqtt://BROKER                       | floor | p@ss/word-1 |
      | BROKER                              | floor | p@ss/word-1 |

  @cap-websocket @req-SVC-10
  Scenario: It reaches its broker over WebSocket
    Given a broker of its own
    And a CMS of its own that comes over WebSocket
    And the CMS is ready
    And a cabinet on the floor
    And its SMIB is connected
    And an operator watches the cabinet
    When the operator asks for the "net" settings
    Then the SMIB is asked for its "net" settings, and told nothing else
    When the SMIB reports the event "GAME_PLAYED"
    Then the stream shows the event "GAME_PLAYED"

  @req-SVC-13
  Scenario: Its log tells what happens to a relay
    Given a broker of its own
    And a CMS of its own
    And the CMS is ready
    And a cabinet on the floor
    And its SMIB is connected
    Then its log has a new line that names the relay when
      | an operator begins to watch it     |
      | an operator asks for its settings  |
      | the SMIB answers                   |

  @req-SVC-6 @req-SECRET-2
  Scenario: A wrong password is no connection, and stands in no log
    Given a broker of its own that knows only the user "floor" with the password "p@ss/word-1"
    And a CMS of its own with
      | MQTT_USERNAME | floor          |
      | MQTT_PASSWORD | wrong-password |
    Then the CMS is alive, but not ready
    And "wrong-password" stands nowhere in the log of the CMS

  @req-SVC-7
  Scenario Outline: A setting that can't be is refused at the start, by its name
    Given a CMS of its own with
      | <name> | <value> |
    Then the CMS refuses to start, and its log names "<name>"

    Examples:
      | name           | value            |
      | MQTT_URI       | gopher://nowhere |
      | MQTT_PUB_TOPIC | sas/#            |
      | MQTT_CFG_TOPIC | smib/+           |

  @req-SVC-8
  Scenario: What was saved survives a restart of the CMS
    Given a broker of its own
    And a CMS of its own
    And the CMS is ready
    And a cabinet on the floor
    And the operator has saved
      """
      {"smibConfig": {"coms": {"comsMode": 2}}, "smibVersion": {"firmware": "3.0.0"}}
      """
    When the power of the CMS is cut and comes back
    Then "smibConfig.coms" is stored as
      """
      {"comsMode": 2}
      """
    And "smibVersion" is stored as
      """
      {"firmware": "3.0.0"}
      """
