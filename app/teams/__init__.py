"""Teams: people who share their tasks and documents, and who among them decides."""
