"""What can be measured of an image.

features   the table of features: sizes, light, colours, sharpness, what the camera wrote
pixels     images as arrays of pixels, and their files
"""
