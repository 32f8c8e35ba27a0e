"""What the services of lab.py have in common: its arguments, their configuration, the audit filter in their pipelines, their processes."""
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

folder, keystone, password, transport, wanted = sys.argv[1:]
here = os.path.dirname(os.path.abspath(__file__))
ports = {name: int(port) for name, port in (service.split('=') for service in wanted.split(','))}
processes = {}


def login(name):
    return f'''www_authenticate_uri = {keystone}
auth_url = {keystone}
auth_type = password
username = {name}
password = Service-1-{name}
project_name = service
user_domain_name = Default
project_domain_name = Default
service_token_roles_required = false
region_name = lab
interface = public
'''


def path(*parts):
    return os.path.join(folder, *parts)


def write(name, text, defaults=''):
    """The configuration of a service; text are its own sections."""
    os.makedirs(path(name), exist_ok=True)
    configuration = path(name, name + '.conf')
    with open(configuration, 'w', encoding='utf-8') as file:
        file.write(f'''[DEFAULT]
transport_url = {transport}
log_file = {path(name, name + '.log')}
state_path = {path(name)}
rpc_response_timeout = 4
api_paste_config = {path(name, 'api-paste.ini')}
auth_strategy = keystone
{defaults}
[database]
connection = sqlite:///{path(name, name + '.db')}
[oslo_messaging_notifications]
driver = messagingv2
driver = log
[oslo_messaging_rabbit]
heartbeat_timeout_threshold = 0
[oslo_concurrency]
lock_path = {path(name)}
[keystone_authtoken]
{login(name)}
{text}''')
    return configuration


def paste(name, before, behind, audit_map='', file='api-paste.ini'):
    """Puts the audit filter behind authtoken in the service's own pipeline."""
    shipped = f'/etc/{name}/{file}'
    with open(shipped, encoding='utf-8') as file:
        text = file.read()
    if before not in text:
        sys.exit(f'{shipped} has no pipeline with "{before}"')
    with open(path(name, 'api-paste.ini'), 'w', encoding='utf-8') as file:
        file.write(text.replace(before, behind))
        if '[filter:audit]' not in text:
            file.write('\n[filter:audit]\npaste.filter_factory = keystonemiddleware.audit:filter_factory\n' +
                       (f'audit_map_file = {audit_map}\n' if audit_map else ''))


def run(*command, tries=1):
    for _ in range(tries):  # what another process has to be ready for is tried again
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if not done.returncode:
            break
    else:
        sys.exit(' '.join(command) + ': ' + done.stdout.decode(errors='replace')[-4000:])


def python(code, *arguments):
    run('/usr/bin/python3', '-c', code, *arguments)


def start(name, *command, **environment):
    with open(path(name + '.out'), 'wb') as output:
        processes[name] = subprocess.Popen(command, cwd=folder, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=output,
                                           stderr=subprocess.STDOUT, start_new_session=True)


def serve(name, factory, program, configuration, **environment):
    start(name, '/usr/bin/python3', os.path.join(here, 'serve.py'), str(ports[name]), factory, program, configuration, **environment)


def daemon(name, module, configuration):
    start(name, '/usr/bin/python3', '-c',
          f'import sys; sys.argv = ["{name}", "--config-file", "{configuration}"]; from {module} import main; main()')


def wait_for(name):
    ends = time.monotonic() + 300
    while processes[name].poll() is None and time.monotonic() < ends:
        try:
            urllib.request.urlopen(f'http://127.0.0.1:{ports[name]}/', timeout=60).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(.2)
    with open(path(name + '.out'), encoding='utf-8', errors='replace') as output:
        sys.exit(f'{name} does not answer: {output.read()[-4000:]}')


def end(*_):
    for process in processes.values():  # Neutron minds no other signal
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    os._exit(0)
