"""Used by none of the models that are traced here."""
