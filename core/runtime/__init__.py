"""Puts the rooms together and opens them.

opening     `open_services`: become the owner of the state directory, or attach to who is
owner       who holds the state directory, and how that is announced
local       the services of this process, and the order of opening and closing
rooms       which room gets what
simulated   the sandbox's door
"""
