"""lab.py FOLDER KEYSTONE PASSWORD TRANSPORT_URL SERVICE=PORT,…: the APIs of services of Debian behind keystonemiddleware's audit filter.

They use SQLite and no hypervisor: what a service refuses or fails to do is audited too. KEYSTONE is the URL of its API, PASSWORD that of its
admin. Everything is below FOLDER. The program prints ready and ends its services when its input ends.
"""
import json
import os
import shutil
import signal
import sqlite3
import sys
import traceback
import urllib.request

from host import daemon, end, here, keystone, login, password, paste, path, ports, python, run, serve, wait_for, write

catalog = {
    'barbican': ('key-manager', ''), 'cinder': ('volumev3', '/v3/%(project_id)s'), 'designate': ('dns', ''), 'glance': ('image', ''),
    'heat': ('orchestration', '/v1/%(project_id)s'), 'ironic': ('baremetal', ''), 'magnum': ('container-infra', '/v1'),
    'manila': ('sharev2', '/v2'),
    'neutron': ('network', ''), 'nova': ('compute', '/v2.1'), 'octavia': ('load-balancer', ''),
}


def ask(method, path, body=None, token=None):
    request = urllib.request.Request(keystone + path, method=method, data=json.dumps(body).encode() if body else None,
                                     headers={'Content-Type': 'application/json', **({'X-Auth-Token': token} if token else {})})
    with urllib.request.urlopen(request, timeout=60) as response:
        text = response.read()
        return response.headers, json.loads(text) if text else {}


def prepare_keystone():
    """Users, projects, services and endpoints."""
    user = {'name': 'admin', 'domain': {'name': 'Default'}, 'password': password}
    headers, answer = ask('POST', '/auth/tokens', {'auth': {'identity': {'methods': ['password'], 'password': {'user': user}},
                                                            'scope': {'project': {'name': 'admin', 'domain': {'name': 'Default'}}}}})
    token, admin, project = headers['X-Subject-Token'], answer['token']['user']['id'], answer['token']['project']['id']

    def create(kind, path, **members):
        return ask('POST', path, {kind: members}, token)[1][kind]['id']

    roles = {role['name']: role['id'] for role in ask('GET', '/roles', token=token)[1]['roles']}
    for name in ('service', 'heat_stack_owner', 'heat_stack_user', 'load-balancer_member', 'load-balancer_admin', 'baremetal_admin', 'creator',
                 'key-manager:service-admin'):
        roles.setdefault(name, None)
        roles[name] = roles[name] or create('role', '/roles', name=name)

    def grant(project, user, *names):
        for name in names:
            ask('PUT', f'/projects/{project}/users/{user}/roles/{roles[name]}', token=token)
    services = create('project', '/projects', name='service', domain_id='default')
    for name in ports:
        kind, path = catalog[name]
        grant(services, create('user', '/users', name=name, domain_id='default', password='Service-1-' + name), 'admin', 'service')
        service = create('service', '/services', name=name, type=kind)
        for interface in ('public', 'internal', 'admin'):
            create('endpoint', '/endpoints', service_id=service, interface=interface, region_id='lab',
                   url=f'http://127.0.0.1:{ports[name]}{path}')
    for name, of in (('nadia.k', 'payments-prod'), ('mallory', 'Ünïted-labs')):
        tenant = create('project', '/projects', name=of, domain_id='default')
        grant(tenant, create('user', '/users', name=name, domain_id='default', password='User-1-password'),
              'member', 'reader', 'heat_stack_owner', 'load-balancer_member', 'creator')
    grant(project, admin, 'load-balancer_admin', 'baremetal_admin', 'key-manager:service-admin')


def nova():
    configuration = write('nova', f'''[api_database]
connection = sqlite:///{path('nova', 'api.db')}
[glance]
{login('nova')}
[neutron]
{login('nova')}
[cinder]
{login('nova')}
catalog_info = volumev3:cinder:publicURL
[placement]
{login('nova')}
''', 'enabled_apis = osapi_compute')
    paste('nova', 'authtoken keystonecontext', 'authtoken keystonecontext audit', '/etc/pycadf/nova_api_audit_map.conf')
    manage = ('nova-manage', '--config-file', configuration)
    run(*manage, 'api_db', 'sync')
    run(*manage, 'cell_v2', 'map_cell0', '--database_connection', f'sqlite:///{path("nova", "cell0.db")}')
    run(*manage, 'db', 'sync', '--local_cell')
    shutil.copy(path('nova', 'nova.db'), path('nova', 'cell0.db'))
    run(*manage, 'cell_v2', 'create_cell', '--name', 'cell1')
    serve('nova', 'nova.api.openstack.compute.wsgi:init_application', '/usr/bin/nova-api', configuration, OS_NOVA_CONFIG_DIR=path('nova'))


def neutron():
    configuration = write('neutron', '''[ml2]
type_drivers = local,flat,vlan
tenant_network_types = local
mechanism_drivers = openvswitch,logger
extension_drivers = port_security
''', '''core_plugin = ml2
service_plugins = router,metering,segments,trunk,tag
notify_nova_on_port_status_changes = false
notify_nova_on_port_data_changes = false
dhcp_agent_notification = false''')
    paste('neutron', 'authtoken keystonecontext', 'authtoken keystonecontext audit', '/etc/pycadf/neutron_api_audit_map.conf')
    python('import sys, sqlalchemy; from neutron.db.migration.models import head\n'
           'head.get_metadata().create_all(sqlalchemy.create_engine(sys.argv[1]))', f'sqlite:///{path("neutron", "neutron.db")}')
    serve('neutron', 'neutron', '/usr/bin/neutron-server', configuration, OS_NEUTRON_CONFIG_DIR=path('neutron'),
          OS_NEUTRON_CONFIG_FILES='neutron.conf')


def cinder():
    configuration = write('cinder', '', '''resource_query_filters_file = /etc/cinder/resource_filters.json
enabled_backends =
default_volume_type = __DEFAULT__''')
    paste('cinder', 'authtoken keystonecontext', 'authtoken keystonecontext audit', '/etc/pycadf/cinder_api_audit_map.conf')
    run('cinder-manage', '--config-file', configuration, 'db', 'sync')
    serve('cinder', 'cinder', '/usr/bin/cinder-wsgi', configuration)


def heat():
    configuration = write('heat', f'''[paste_deploy]
api_paste_config = {path('heat', 'api-paste.ini')}
[trustee]
{login('heat')}
[clients_keystone]
auth_uri = {keystone.removesuffix('/v3')}
''', f'environment_dir = {path("heat")}\ntemplate_dir = {path("heat")}\ndeferred_auth_method = password\nnum_engine_workers = 1')
    paste('heat', 'authtoken context', 'authtoken context audit', '/etc/pycadf/heat_api_audit_map.conf')
    run('heat-manage', '--config-file', configuration, 'db_sync')
    daemon('heat-engine', 'heat.cmd.engine', configuration)
    serve('heat', 'heat', '/usr/bin/heat-wsgi-api', configuration)


def designate():
    configuration = write('designate', f'''[service:api]
api_paste_config = {path('designate', 'api-paste.ini')}
auth_strategy = keystone
enable_api_v2 = true
enable_api_admin = true
enabled_extensions_admin = quotas,reports
[service:central]
workers = 1
[storage:sqlalchemy]
connection = sqlite:///{path('designate', 'designate.db')}
''')
    paste('designate', 'authtoken keystonecontext', 'authtoken keystonecontext audit', os.path.join(here, 'maps', 'designate.conf'))
    run('designate-manage', '--config-file', configuration, 'database', 'sync')
    with open(path('designate', 'pools.yaml'), 'w', encoding='utf-8') as file:
        file.write('''- name: default
  description: the only one
  attributes: {}
  ns_records: [{hostname: ns1.lab.example., priority: 1}]
  nameservers: [{host: 127.0.0.1, port: 53}]
  targets: [{type: fake, description: none, masters: [{host: 127.0.0.1, port: 5354}], options: {}}]
''')
    daemon('designate-central', 'designate.cmd.central', configuration)
    run('designate-manage', '--config-file', configuration, 'pool', 'update', '--file', path('designate', 'pools.yaml'), tries=20)
    serve('designate', 'designate.api.wsgi:init_application', '/usr/bin/designate-api-wsgi', configuration,
          OS_DESIGNATE_CONFIG_DIR=path('designate'))


# Octavia's migrations need MySQL: its tables, and the rows that its own tests begin with.
OCTAVIA_TABLES = '''
import sys, types
for name, members in (('oslotest', {}), ('oslotest.base', {'BaseTestCase': object}), ('oslo_config.fixture', {})):
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(members)
sys.modules['oslotest'].base = sys.modules['oslotest.base']
import oslo_config
oslo_config.fixture = sys.modules['oslo_config.fixture']
import sqlalchemy
from sqlalchemy.orm import Session
from octavia.db import base_models
from octavia.tests.functional.db.base import OctaviaDBTestBase
engine = sqlalchemy.create_engine(sys.argv[1])
base_models.BASE.metadata.create_all(engine)
OctaviaDBTestBase._seed_lookup_tables(OctaviaDBTestBase.__new__(OctaviaDBTestBase), Session(engine, autocommit=True))
'''


def octavia():
    configuration = write('octavia', f'''[api_settings]
auth_strategy = keystone
enabled_provider_drivers = noop_driver:noop,octavia:octavia
default_provider_driver = noop_driver
[audit]
enabled = true
audit_map_file = {os.path.join(here, 'maps', 'octavia.conf')}
[controller_worker]
network_driver = network_noop_driver
compute_driver = compute_noop_driver
amphora_driver = amphora_noop_driver
[service_auth]
{login('octavia')}
''')
    python(OCTAVIA_TABLES, f'sqlite:///{path("octavia", "octavia.db")}')
    serve('octavia', 'octavia', '/usr/bin/octavia-wsgi', configuration)


def ironic():
    configuration = write('ironic', f'''[audit]
enabled = true
audit_map_file = /etc/pycadf/ironic_api_audit_map.conf
[conductor]
workers_pool_size = 8
[service_catalog]
{login('ironic')}
''', '''enabled_hardware_types = fake-hardware
enabled_bios_interfaces = fake,no-bios
enabled_boot_interfaces = fake
enabled_console_interfaces = fake,no-console
enabled_deploy_interfaces = fake
enabled_inspect_interfaces = fake,no-inspect
enabled_management_interfaces = fake
enabled_network_interfaces = noop
enabled_power_interfaces = fake
enabled_raid_interfaces = fake,no-raid
enabled_rescue_interfaces = fake,no-rescue
enabled_storage_interfaces = noop
enabled_vendor_interfaces = fake,no-vendor
default_deploy_interface = fake
host = lab-conductor
rpc_transport = oslo''')
    run('ironic-dbsync', '--config-file', configuration, 'create_schema')
    with sqlite3.connect(path('ironic', 'ironic.db')) as database:
        database.execute('pragma journal_mode=wal')
    daemon('ironic-conductor', 'ironic.cmd.conductor', configuration)
    serve('ironic', 'ironic', '/usr/bin/ironic-api', configuration)


def manila():
    configuration = write('manila', '', 'enabled_share_backends =\nshare_name_template = share-%s')
    paste('manila', 'authtoken keystonecontext', 'authtoken keystonecontext audit')
    python('import sys, sqlalchemy; from manila.db.sqlalchemy import models\n'
           'models.BASE.metadata.create_all(sqlalchemy.create_engine(sys.argv[1]))',
           f'sqlite:///{path("manila", "manila.db")}')
    serve('manila', 'manila', '/usr/bin/manila-wsgi', configuration)


def magnum():
    configuration = write('magnum', f'''[api]
api_paste_config = {path('magnum', 'api-paste.ini')}
[trust]
trustee_domain_name = Default
trustee_domain_admin_name = magnum
trustee_domain_admin_domain_name = Default
trustee_domain_admin_password = Service-1-magnum
trustee_keystone_interface = public
[certificates]
cert_manager_type = x509keypair
[keystone_auth]
{login('magnum')}
''')
    paste('magnum', 'authtoken api_v1', 'authtoken audit api_v1')
    python('import sys, sqlalchemy; from magnum.db.sqlalchemy import models\n'
           'models.Base.metadata.create_all(sqlalchemy.create_engine(sys.argv[1]))',
           f'sqlite:///{path("magnum", "magnum.db")}')
    serve('magnum', 'magnum', '/usr/bin/magnum-api', configuration)


def glance():
    configuration = write('glance', f'''[glance_store]
default_backend = files
[files]
filesystem_store_datadir = {path('glance', 'images')}
[os_glance_staging_store]
filesystem_store_datadir = {path('glance', 'staging')}
[os_glance_tasks_store]
filesystem_store_datadir = {path('glance', 'tasks')}
[paste_deploy]
flavor = keystone+cachemanagement
config_file = {path('glance', 'api-paste.ini')}
''', f'''enabled_backends = files:file
enabled_import_methods = [glance-direct,web-download]
image_cache_dir = {path('glance', 'cache')}''')
    # Glance's authtoken hands on a request without a valid token, which its context refuses: before that, the filter sees it.
    paste('glance', 'authtoken context cache', 'authtoken audit context cache', '/etc/pycadf/glance_api_audit_map.conf',
          'glance-api-paste.ini')
    run('glance-manage', '--config-file', configuration, 'db_sync')
    shutil.copy(configuration, path('glance', 'glance-api.conf'))  # the name that its application looks for
    shutil.copy(path('glance', 'api-paste.ini'), path('glance', 'glance-api-paste.ini'))
    serve('glance', 'glance.common.wsgi_app:init_app', '/usr/bin/glance-wsgi-api', configuration, OS_GLANCE_CONFIG_DIR=path('glance'))


def barbican():
    configuration = write('barbican', '''[secretstore]
enable_multiple_secret_stores = true
stores_lookup_suffix = software
[secretstore:software]
secret_store_plugin = store_crypto
crypto_plugin = simple_crypto
global_default = true
''', f'''sql_connection = sqlite:///{path('barbican', 'barbican.db')}
db_auto_create = true
host_href = http://127.0.0.1:{ports['barbican']}''')
    # Its pipeline with the filter, and the map, are there already.
    paste('barbican', '/v1: barbican-api-keystone', '/v1: barbican-api-keystone-audit', file='barbican-api-paste.ini')
    # It looks for its configuration in the home directory.
    serve('barbican', 'barbican', '/usr/bin/barbican-wsgi-api', configuration, HOME=path('barbican'))


signal.signal(signal.SIGTERM, end)
try:
    prepare_keystone()
    for service in ports:
        globals()[service]()
    for service in ports:
        wait_for(service)
    print('ready', flush=True)
    sys.stdin.read()
except BaseException:  # what end() does would leave it unsaid
    traceback.print_exc()
finally:
    end()
