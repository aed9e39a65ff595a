// What to type to send telemetry, by framework, with the server's real addresses filled in.

export interface Addresses {
  grpc: string
  http: string
}

export type Setup = 'pip' | 'uv' | 'docker'

export interface Step {
  title: 'connect.step.run' | 'connect.step.install' | 'connect.step.start' | 'connect.step.config' | 'connect.step.docker'
  code: string
}

export interface Recipe {
  id: string
  label: string
  setups: readonly Setup[]
  steps: (addresses: Addresses, setup: Setup) => Step[]
}

// Inside a container, localhost is the container itself.
export const fromContainer = (address: string): string => address.replace(/\/\/(127\.0\.0\.1|localhost|0\.0\.0\.0|\[::1?\])/, '//host.docker.internal')

const environment = (service: string, { http }: Addresses): string => `OTEL_SERVICE_NAME=${service} \\
OTEL_EXPORTER_OTLP_ENDPOINT=${http} \\
OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \\
OTEL_LOGS_EXPORTER=otlp \\
OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED=true \\`

function dockerfile(service: string, { http }: Addresses, command: string): string {
  return `FROM python:3.13-slim
WORKDIR /app
COPY . .
RUN pip install -r requirements.txt opentelemetry-distro opentelemetry-exporter-otlp \\
 && opentelemetry-bootstrap -a install
ENV OTEL_SERVICE_NAME=${service} \\
    OTEL_EXPORTER_OTLP_ENDPOINT=${fromContainer(http)} \\
    OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \\
    OTEL_LOGS_EXPORTER=otlp \\
    OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED=true
CMD ["opentelemetry-instrument", ${command.split(' ').map((word) => JSON.stringify(word)).join(', ')}]

# Linux: docker run --add-host=host.docker.internal:host-gateway ...`
}

function python(id: string, label: string, command: string): Recipe {
  return {
    id,
    label,
    setups: ['pip', 'uv', 'docker'],
    steps: (addresses, setup) => {
      if (setup === 'docker') return [{ title: 'connect.step.docker', code: dockerfile(id, addresses, command) }]
      const run: Step = { title: 'connect.step.run', code: `luneta run -- ${setup === 'uv' ? `uv run ${command}` : command}` }
      const install = setup === 'uv'
        ? 'uv add opentelemetry-distro opentelemetry-exporter-otlp\nuv run opentelemetry-bootstrap -a requirements | uv add --requirements -'
        : 'pip install opentelemetry-distro opentelemetry-exporter-otlp\nopentelemetry-bootstrap -a install'
      const prefix = setup === 'uv' ? 'uv run ' : ''
      return [
        run,
        { title: 'connect.step.install', code: install },
        { title: 'connect.step.start', code: `${environment(id, addresses)}\n${prefix}opentelemetry-instrument ${command}` },
      ]
    },
  }
}

interface Other {
  id: string
  label: string
  install: string
  installTitle?: Step['title']
  start: (addresses: Addresses) => string
}

function other({ id, label, install, installTitle = 'connect.step.install', start }: Other): Recipe {
  return {
    id,
    label,
    setups: [],
    steps: (addresses) => [
      { title: installTitle, code: install },
      { title: 'connect.step.start', code: start(addresses) },
    ],
  }
}

const exported = (service: string, { http }: Addresses): string => `export OTEL_SERVICE_NAME=${service}
export OTEL_EXPORTER_OTLP_ENDPOINT=${http}
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_LOGS_EXPORTER=otlp
export OTEL_METRICS_EXPORTER=otlp`

const ruby = `bundle add opentelemetry-sdk opentelemetry-exporter-otlp opentelemetry-instrumentation-all

# config/initializers/opentelemetry.rb
require "opentelemetry/sdk"
OpenTelemetry::SDK.configure { |c| c.use_all }`

const php = `pecl install opentelemetry
composer require open-telemetry/sdk open-telemetry/exporter-otlp \\
  open-telemetry/opentelemetry-auto-slim php-http/guzzle7-adapter`

const dotnet = `curl -sSfLO https://github.com/open-telemetry/opentelemetry-dotnet-instrumentation/releases/latest/download/otel-dotnet-auto-install.sh
sh ./otel-dotnet-auto-install.sh
. $HOME/.otel-dotnet-auto/instrument.sh`

const collector = ({ grpc }: Addresses): string => `exporters:
  otlp/luneta:
    endpoint: ${grpc.replace(/^https?:\/\//, '')}
    tls:
      insecure: true

service:
  pipelines:
    traces:
      exporters: [otlp/luneta]
    logs:
      exporters: [otlp/luneta]
    metrics:
      exporters: [otlp/luneta]`

export const recipes: readonly Recipe[] = [
  python('fastapi', 'FastAPI', 'uvicorn app:app'),
  python('flask', 'Flask', 'flask --app app run'),
  python('django', 'Django', 'python manage.py runserver --noreload'),
  python('streamlit', 'Streamlit', 'streamlit run app.py'),
  python('celery', 'Celery', 'celery -A app worker'),
  other({
    id: 'node',
    label: 'Node',
    install: 'npm install @opentelemetry/api @opentelemetry/auto-instrumentations-node',
    start: (addresses) => `${exported('node-app', addresses)}\nnode --require @opentelemetry/auto-instrumentations-node/register app.js`,
  }),
  other({
    id: 'java',
    label: 'Java',
    install: 'curl -sSfLO https://github.com/open-telemetry/opentelemetry-java-instrumentation/releases/latest/download/opentelemetry-javaagent.jar',
    start: (addresses) => `${exported('java-app', addresses)}\njava -javaagent:opentelemetry-javaagent.jar -jar app.jar`,
  }),
  other({ id: 'dotnet', label: '.NET', install: dotnet, start: (addresses) => `${exported('dotnet-app', addresses)}\ndotnet run` }),
  other({ id: 'ruby', label: 'Ruby', install: ruby, start: (addresses) => `${exported('ruby-app', addresses)}\nbundle exec rails server` }),
  other({
    id: 'php',
    label: 'PHP',
    install: php,
    start: (addresses) => `export OTEL_PHP_AUTOLOAD_ENABLED=true\nexport OTEL_TRACES_EXPORTER=otlp\n${exported('php-app', addresses)}\nphp -S localhost:8080`,
  }),
  {
    id: 'collector',
    label: 'Collector',
    setups: [],
    steps: (addresses) => [{ title: 'connect.step.config', code: collector(addresses) }],
  },
]
