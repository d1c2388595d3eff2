Feature: The topics in a device's own settings
  Contract, section 2. A topic that ends in a slash has the relay id appended, any other is used as it stands.

  Background:
    Given a device on the floor
    And the CMS listens to the whole floor

  @req-TOPIC-10
  Scenario Outline: A device listens where its settings say
    When the CMS updates the device's "mqtt" settings
      """
      {"mqttSubTopic": "<setting>"}
      """
    Then the device is back on the network
    When the CMS asks on "<topic>" for the device's "net" settings
    Then the device answers its "net" settings with all fields

    Examples:
      | setting         | topic           |
      | lab/orders/     | lab/orders/ID   |
      | lab/orders/solo | lab/orders/solo |

  @req-TOPIC-10
  Scenario Outline: A device reports events where its settings say
    When the CMS updates the device's "mqtt" settings
      """
      {"mqttPubTopic": "<setting>"}
      """
    Then the device is back on the network
    When the CMS orders the device to "LOCK MACHINE"
    Then on "<topic>" the device reports "MACHINE_LOCKED"

    Examples:
      | setting       | topic         |
      | sas/gy/server | sas/gy/server |
      | lab/events/   | lab/events/ID |

  @req-TOPIC-10
  Scenario: A device answers where its settings say
    When the CMS updates the device's "mqtt" settings
      """
      {"mqttCfgTopic": "lab/answers/"}
      """
    Then the device is back on the network
    When the CMS asks for the device's "net" settings
    Then the device answers its "net" settings on "lab/answers/ID"
