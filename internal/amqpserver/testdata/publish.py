"""Publishes notifications as an OpenStack service does, or messages with kombu or pika alone.

    publish.py notify CONFIG RETRY EVENT...   CONFIG is the service's configuration file
    publish.py kombu URL
    publish.py pika URL

An EVENT is an id, or id:size to make the payload that large. Each id is printed once the call has returned; what
oslo.messaging has to say goes to standard error.
"""
import logging
import sys


def notify(config, retry, *events):
    import oslo_messaging
    from oslo_config import cfg

    conf = cfg.ConfigOpts()
    conf(['--config-file', config], project='publish')
    transport = oslo_messaging.get_notification_transport(conf)
    notifier = oslo_messaging.Notifier(
        transport, publisher_id='identity.controller', retry=int(retry))
    for event in events:
        name, _, size = event.partition(':')
        notifier.info({}, 'identity.user.created', {'resource_info': name, 'filler': 'x' * int(size or 0)})
        print(name, flush=True)


def kombu(url):
    from kombu import Connection, Exchange

    with Connection(url, transport_options={'confirm_publish': True}) as connection:
        producer = connection.Producer()
        exchange = Exchange('keystone', type='topic', durable=False)
        for body, headers in (
                ('small', {}), ('', {'nested': {'list': [1, 'two', None, True, 2.5, {'deep': b'bytes'}]}}),
                ('x' * 300_000, {'count': 1 << 40, 'negative': -1})):
            producer.publish(
                body, exchange=exchange, routing_key='notifications.info', declare=[exchange], headers=headers,
                content_type='text/plain', content_encoding='utf-8', retry=True)
            print(len(body), flush=True)


def pika(url):
    import pika as library

    connection = library.BlockingConnection(library.URLParameters(url))
    channel = connection.channel()
    channel.exchange_declare('keystone', 'topic')
    channel.confirm_delivery()
    for body in ('small', '', 'x' * 300_000):
        channel.basic_publish('keystone', 'notifications.info', body, library.BasicProperties(delivery_mode=2, headers={'a': 'b'}))
        print(len(body), flush=True)
    connection.close()


logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
{'notify': notify, 'kombu': kombu, 'pika': pika}[sys.argv[1]](*sys.argv[2:])
