"""The event hub: who is connected, who has subscribed to what, and who gets which event.

Source: protocol reference 5.
"""
