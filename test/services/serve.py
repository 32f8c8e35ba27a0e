"""serve.py PORT FACTORY PROGRAM CONFIGURATION: the API of one service on 127.0.0.1, a request at a time.

FACTORY is module:callable of the service's package, or the name of a function below where its package has none that takes no arguments.
PROGRAM is what the service believes to be called, which keystonemiddleware makes the publisher_id of.
"""
import importlib
import io
import sys
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer

port, factory, program, configuration = sys.argv[1:]
if factory == 'neutron':
    import eventlet  # Neutron wants its patches before anything else
    eventlet.monkey_patch()
sys.argv = [program, '--config-file', configuration]


def neutron():
    from neutron.common import config
    from neutron.server import boot_server
    return boot_server(lambda: config.load_paste_app('neutron'))


def cinder():
    # oslo.messaging of Debian 12 hands on a context without read_deleted, which its Cinder refuses.
    from cinder import context
    c = context.RequestContext
    c.read_deleted = property(c._get_read_deleted, lambda self, v, of=c._set_read_deleted: of(self, v or 'no'), c._del_read_deleted)
    from cinder.wsgi import wsgi
    return wsgi.initialize_application()


def heat():
    import heat.httpd.heat_api as api
    from oslo_config import cfg

    class Configured:  # the application reads the machine's configuration otherwise
        def __getattr__(self, name):
            return getattr(cfg.CONF, name)

        def __call__(self, **arguments):
            return cfg.CONF([], default_config_files=[configuration], **arguments)
    api.CONF = Configured()
    return api.init_application()


def octavia():
    from octavia.api.app import setup_app
    return setup_app()


def ironic():
    from ironic.api.wsgi import initialize_wsgi_app
    return initialize_wsgi_app(sys.argv)


def manila():
    from manila.wsgi import wsgi
    return wsgi.initialize_application()


def magnum():
    from magnum.api.app import build_wsgi_app
    return build_wsgi_app(sys.argv)


def barbican():
    from barbican.common import config  # noqa: F401, puts its configuration where the audit filter looks for it
    from paste import deploy
    return deploy.loadapp('config:' + configuration.replace('barbican.conf', 'api-paste.ini'))


if ':' in factory:
    sys.argv = sys.argv[:1]
    module, function = factory.split(':')
    application = getattr(importlib.import_module(module), function)()
else:
    application = globals()[factory]()


class Handler(WSGIRequestHandler):
    """Reads the whole body first: the applications do not always, and wsgiref then loses the connection."""
    timeout = 60

    def handle(self):
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            return
        body = self.rfile.read(int(self.headers.get('content-length') or 0))
        handler = ServerHandler(io.BytesIO(body), self.wfile, self.get_stderr(), self.get_environ(), multithread=False)
        handler.request_handler = self
        handler.run(self.server.get_app())

    def address_string(self):
        return self.client_address[0]

    def log_message(self, *_):
        pass


WSGIServer.request_queue_size = 128
server = WSGIServer(('127.0.0.1', int(port)), Handler)
server.set_app(application)
server.serve_forever()
