Feature: Requests that are none
  Contract, section 6: one envelope for every failure, never a 500, and nothing happens.

  @req-HTTP-1 @req-HTTP-4
  Scenario Outline: A body that is no request
    Given a cabinet on the floor
    And its SMIB is connected
    And the stored settings are noted
    When somebody posts <kind> to the <endpoint> endpoint
    Then the request is refused with 400
    And the stored settings are as noted
    And the SMIB has received nothing at all

    Examples:
      | kind                             | endpoint    |
      | nothing                          | request     |
      | nothing                          | publish     |
      | nothing                          | smib-config |
      | nothing                          | test        |
      | text                             | request     |
      | text                             | smib-config |
      | cut-off JSON                     | publish     |
      | cut-off JSON                     | test        |
      | a list                           | request     |
      | a list                           | smib-config |
      | a string                         | publish     |
      | a number                         | test        |
      | null                             | request     |
      | null                             | smib-config |
      | bytes that are not UTF-8         | publish     |
      | bytes that are not UTF-8         | smib-config |
      | JSON nested 10,000 deep          | request     |
      | JSON nested 10,000 deep          | publish     |
      | JSON nested 10,000 deep          | smib-config |
      | JSON nested 10,000 deep          | test        |
      | NaN                              | request     |
      | NaN                              | smib-config |
      | an object without anything in it | request     |
      | an object without anything in it | publish     |
      | an object without anything in it | smib-config |
      | an object without anything in it | test        |
      | a key that nobody knows          | request     |
      | a key that nobody knows          | publish     |
      | a key that nobody knows          | test        |

  @req-HTTP-5
  Scenario Outline: A body over 64 KiB
    Given a cabinet on the floor
    And its SMIB is connected
    When somebody posts <kind> to the <endpoint> endpoint
    Then the request is refused with 413
    And the SMIB has received nothing at all

    Examples:
      | kind        | endpoint    |
      | over 64 KiB | request     |
      | over 64 KiB | publish     |
      | over 64 KiB | smib-config |
      | over 64 KiB | test        |
      | a megabyte  | smib-config |

  @req-HTTP-6
  Scenario Outline: A body of another type
    Given a cabinet on the floor
    And its SMIB is connected
    When somebody sends a good body to the <endpoint> endpoint as "<content type>"
    Then the request is refused with 415
    And the SMIB has received nothing at all

    Examples:
      | content type                      | endpoint    |
      | text/plain                        | request     |
      | application/x-www-form-urlencoded | publish     |
      | multipart/form-data; boundary=x   | smib-config |
      | application/xml                   | test        |

  @req-HTTP-6
  Scenario Outline: JSON is JSON with its character set named too
    Given a cabinet on the floor
    When somebody sends a good body to the request endpoint as "<content type>"
    Then the operator is told that it succeeded

    Examples:
      | content type                    |
      | application/json; charset=utf-8 |
      | Application/JSON                |

  @req-HTTP-1
  Scenario Outline: A place or a method that does not exist
    When the operator sends <method> to "<path>"
    Then the request is refused with <status>

    Examples:
      | method | path                      | status |
      | GET    | /api/nothing              | 404    |
      | POST   | /api/mqtt/config          | 405    |
      | DELETE | /api/mqtt/config/request  | 405    |
      | GET    | /api/mqtt/config/publish  | 405    |
      | PUT    | /api/mqtt/test            | 405    |
