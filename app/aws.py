"""AWS Lambda's door: serverless.yml names `app.aws.handler`."""

from app import starting

starting.begin()

from app import snapshots
from app.lambda_events import Handler
from app.main import app

snapshots.install()
handler = Handler(app)
starting.end()
