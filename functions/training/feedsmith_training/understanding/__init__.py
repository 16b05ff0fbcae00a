"""How well items are understood: topics, keywords, sentiment, entities, language and quality against labels."""
