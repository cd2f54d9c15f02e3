"""Features of images.

features   the table of features: sizes, light, colours, sharpness, camera data
pixels     images as arrays of pixels, and their files
"""
