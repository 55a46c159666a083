"""AWS Lambda's door: serverless.yml names `app.aws.handler`."""

from app.lambda_events import Handler
from app.main import app

handler = Handler(app)
