"""The broker between CMS and SMIBs: embedded (amqtt, repaired) or an installed Mosquitto or RabbitMQ, behind
one interface.

Importing this package loads neither engine: amqtt costs a quarter of a second, and a lab that is given
`--broker URI` needs none of it.
"""

from simulator.broker.broker import ENGINES, Broker, Credentials, Engine, create_broker

__all__ = ["ENGINES", "Broker", "Credentials", "Engine", "create_broker"]
