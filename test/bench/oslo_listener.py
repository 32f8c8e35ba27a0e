# Takes notifications as oslo.messaging's documentation shows it, and prints what that cost as JSON.
import json
import resource
import sys
import threading
import time

from oslo_config import cfg
import oslo_messaging

url, topic, total = sys.argv[1], sys.argv[2], int(sys.argv[3])


def reading():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return time.time(), usage.ru_utime + usage.ru_stime


class Endpoint:
    def __init__(self):
        self.count, self.begin, self.first = 0, None, 0
        self.done = threading.Event()

    def info(self, ctxt, publisher_id, event_type, payload, metadata):
        self.count += 1
        if self.begin is None and self.count >= total // 10:
            self.begin, self.first = reading(), self.count
        if self.count == total:
            self.end = reading()
            self.done.set()


conf = cfg.ConfigOpts()
conf([])
transport = oslo_messaging.get_notification_transport(conf, url=url)
endpoint = Endpoint()
target = oslo_messaging.Target(topic=topic, exchange=topic)
listener = oslo_messaging.get_notification_listener(transport, [target], [endpoint], executor='threading')
listener.start()
endpoint.done.wait(280)
print(json.dumps({
    'Messages': endpoint.count - endpoint.first,
    'WallSeconds': endpoint.end[0] - endpoint.begin[0],
    'CPUSeconds': endpoint.end[1] - endpoint.begin[1],
    'PeakKiB': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
}), flush=True)
listener.stop()
