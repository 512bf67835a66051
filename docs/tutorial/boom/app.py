def handler(event, context):
    raise Exception("Boom!")
