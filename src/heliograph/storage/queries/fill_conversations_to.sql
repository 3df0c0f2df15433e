UPDATE conversation_progress SET filled_to = $1
